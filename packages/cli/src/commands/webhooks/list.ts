import { notificationKinds } from '@pipecat-cloud/contract/notifications';
import type { CommandContext } from '../../lib/context.js';
import { minute } from '../../lib/format.js';
import { table } from '../../lib/table.js';

export async function listWebhooks(context: CommandContext) {
  const [api, org] = [await context.api(), await context.org()];
  const { webhooks } = await api.listWebhooks(org);
  context.result({ webhooks }, () =>
    webhooks.length === 0
      ? `No webhooks in ${org}. Make one with: pipecat cloud organizations webhooks create URL`
      : table(
          ['ID', 'URL', 'KINDS', 'CREATED (UTC)'],
          webhooks.map(({ id, url, kinds, createdAt }) => [
            id,
            url,
            kinds.length === notificationKinds.length ? 'all' : kinds.join(' '),
            minute(createdAt),
          ]),
          { width: context.width, head: context.colours.bold },
        ),
  );
}
