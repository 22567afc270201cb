import { notificationKinds } from '@pipecat-cloud/contract/notifications';
import type { CommandContext } from '../../lib/context.js';
import { minute } from '../../lib/format.js';

export async function listWebhooks(context: CommandContext) {
  const [api, org] = [await context.api(), await context.org()];
  const { webhooks } = await api.listWebhooks(org);
  context.result({ webhooks }, () =>
    context.list(
      `No webhooks in ${org}. Make one with: pipecat cloud organizations webhooks create URL`,
      ['ID', 'URL', 'KINDS', 'CREATED (UTC)'],
      webhooks.map(({ id, url, kinds, createdAt }) => [
        id,
        url,
        kinds.length === notificationKinds.length ? 'all' : kinds.join(' '),
        minute(createdAt),
      ]),
    ),
  );
}
