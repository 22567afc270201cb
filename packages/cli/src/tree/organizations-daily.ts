import type { Command } from 'commander';
import type { Run } from '../program.js';
import { organizationOption } from './options.js';

/** `organizations daily …`: the Daily account that rooms are made with, and who may dial in. */
export function addOrganizationDaily(parent: Command, run: Run): void {
  const daily = parent
    .command('daily')
    .description('The Daily account that makes rooms for sessions, and who may dial in');
  const load = () => import('../commands/organizations/daily.js');
  daily
    .command('show')
    .description('Show whose API key is used, and which calls the dial-in webhook takes')
    .addOption(organizationOption())
    .action(run(async () => (await load()).showDaily));
  daily
    .command('set')
    .summary('Set the API key, and how calls prove themselves')
    .description(
      'Checks an API key with Daily and keeps it sealed; nobody is shown it again. Asks for it without showing it; in\n' +
        'scripts use --stdin or --key-file. With another option alone the key stays as it is.',
    )
    .option('--stdin', 'read the API key from standard input')
    .option('--key-file <path>', 'read the API key from a file')
    .option('--dialin-secret-file <path>', "file with the hmac of your phone number's configuration at Daily, base64")
    .option(
      '--allow-unsigned-dialin',
      'also take calls without a signature: anyone who knows the address can start sessions',
    )
    .option('--no-allow-unsigned-dialin', 'take signed calls only')
    .addOption(organizationOption())
    .action(run(async () => (await load()).setDaily));
  daily
    .command('clear')
    .description('Remove the API key and the dial-in secret')
    .option('-y, --yes', 'do not ask')
    .addOption(organizationOption())
    .action(run(async () => (await load()).clearDaily));
}
