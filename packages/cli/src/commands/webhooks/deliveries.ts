import type { CommandContext } from '../../lib/context.js';
import { minute, time } from '../../lib/format.js';

export async function listDeliveries(context: CommandContext, id: string) {
  const [api, org] = [await context.api(), await context.org()];
  const { deliveries } = await api.listWebhookDeliveries(org, id);
  const { red } = context.colours;
  context.result({ deliveries }, () =>
    context.list(
      'Nothing was sent in the last 30 days.',
      ['ID', 'KIND', 'STATE', 'ATTEMPTS', 'NEXT (UTC)', 'CREATED (UTC)', 'LAST ERROR'],
      deliveries.map((delivery) => [
        delivery.id,
        delivery.kind,
        delivery.state === 'failed' ? 'given up' : delivery.state,
        String(delivery.attempts),
        time(delivery.nextAttemptAt),
        minute(delivery.createdAt),
        delivery.lastError ?? '-',
      ]),
      {
        paint: (text, row) => (deliveries[row]?.state === 'failed' ? red(text) : text),
      },
    ),
  );
}
