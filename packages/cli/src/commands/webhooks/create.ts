import type { NotificationKind } from '@pipecat-cloud/contract/notifications';
import type { CommandContext } from '../../lib/context.js';

interface CreateWebhookOptions {
  kind?: NotificationKind[];
  valueOnly?: boolean;
}

/** The secret goes to stdout, and alone there where a script reads it; the rest is said on stderr then. */
export async function createWebhook(context: CommandContext, url: string, options: CreateWebhookOptions) {
  const [api, org] = [await context.api(), await context.org()];
  const kinds = options.kind && [...new Set(options.kind)];
  const created = await api.createWebhook(org, { url, ...(kinds ? { kinds } : {}) });
  const { webhook, secret } = created;
  const headline = `Webhook ${webhook.id} of ${org} posts to ${webhook.url}.`;
  const alone = options.valueOnly || !context.io.stdout.isTTY;
  if (alone && !context.json) context.note(headline);
  context.result(created, () =>
    alone
      ? secret
      : [
          headline,
          `Secret, shown this once: ${secret}`,
          `Try it with: pipecat cloud organizations webhooks test ${webhook.id}`,
        ].join('\n'),
  );
}
