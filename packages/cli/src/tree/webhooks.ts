import { notificationKinds } from '@pipecat-cloud/contract/notifications';
import { type Command, Option } from 'commander';
import type { Run } from '../program.js';
import { oneOf, organizationOption } from './options.js';

/** `organizations webhooks …`: where the notifications of an organization are posted. */
export function addWebhooks(organizations: Command, run: Run): void {
  const webhooks = organizations
    .command('webhooks')
    .description('Webhooks: where news of tokens and members are posted, signed');
  const kind = oneOf(notificationKinds);
  webhooks
    .command('list')
    .description('List the webhooks of an organization')
    .addOption(organizationOption())
    .action(run(async () => (await import('../commands/webhooks/list.js')).listWebhooks));
  webhooks
    .command('create')
    .summary('Create a webhook')
    .description(
      'Creates a webhook. Its secret, which receivers check signatures with, is shown this once; piped, it is all that goes\n' +
        'to standard output.',
    )
    .argument('<url>', 'https://…')
    .addOption(
      new Option(
        '-k, --kind <kind>',
        `only this kind; may be repeated (default: all): ${notificationKinds.join(', ')}`,
      ).argParser((text, before: readonly string[] = []) => [...before, kind(text)]),
    )
    .option('--value-only', 'print the secret and nothing else, as when piped')
    .addOption(organizationOption())
    .action(run(async () => (await import('../commands/webhooks/create.js')).createWebhook));
  webhooks
    .command('delete')
    .description('Delete a webhook; nothing more is sent to it')
    .argument('<id>', 'id of the webhook')
    .option('-f, --force', 'do not ask')
    .addOption(new Option('-y, --yes', 'do not ask').hideHelp())
    .addOption(organizationOption())
    .action(run(async () => (await import('../commands/webhooks/delete.js')).deleteWebhook));
  webhooks
    .command('test')
    .description('Send a test message now; fails when the receiver does not take it')
    .argument('<id>', 'id of the webhook')
    .addOption(organizationOption())
    .action(run(async () => (await import('../commands/webhooks/test.js')).testWebhook));
  webhooks
    .command('deliveries')
    .description('List what was sent in the last 30 days, newest first, and what the receiver made of it')
    .argument('<id>', 'id of the webhook')
    .addOption(organizationOption())
    .action(run(async () => (await import('../commands/webhooks/deliveries.js')).listDeliveries));
}
