import type { CommandContext } from '../../lib/context.js';

export async function deleteWebhook(context: CommandContext, id: string, options: { force?: boolean; yes?: boolean }) {
  if (!options.force && !options.yes) {
    await context.confirm(`Delete the webhook ${id}? What waits to be sent to it is dropped.`, '--force');
  }
  const [api, org] = [await context.api(), await context.org()];
  const answer = await api.deleteWebhook(org, id);
  context.result({ ...answer, id }, () => `Webhook ${id} is deleted.`);
}
