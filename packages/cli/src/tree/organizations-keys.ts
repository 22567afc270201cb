import { type Command, Option } from 'commander';
import type { Run } from '../program.js';
import { hiddenYes, oneOf, organizationOption } from './options.js';

const types = ['public', 'private'] as const;

/** `organizations keys …` (contract §4.5), with private keys and rotation on top. */
export function addOrganizationKeys(organizations: Command, run: Run): void {
  const keys = organizations
    .command('keys')
    .description('API keys: public ones start sessions, private ones use the REST API');
  const change = () => import('../commands/organizations/keys/change.js');
  const which = 'name or id of the key; asked for when left out';

  keys
    .command('list')
    .description('List the API keys of an organization')
    .option('--revoked', 'also those that were revoked')
    .addOption(organizationOption())
    .action(run(async () => (await import('../commands/organizations/keys/list.js')).listKeys));
  keys
    .command('create')
    .summary('Create an API key')
    .description('Creates an API key. The value of a private one is shown this once. Piped, only the value is printed.')
    .option('-n, --name <name>', 'what to call it')
    .addOption(new Option('--type <type>', types.join(' or ')).argParser(oneOf(types)).default('public'))
    .option('-d, --default', "use it for 'agent start' from now on")
    .option('--value-only', 'print the value and nothing else, as when piped')
    .addOption(organizationOption())
    .action(run(async () => (await change()).createKey));
  keys
    .command('rotate')
    .description('Give a key a new value; the old one stops at once')
    .argument('[key]', which)
    .option('-f, --force', 'do not ask')
    .addOption(hiddenYes())
    .option('--value-only', 'print the value and nothing else, as when piped')
    .addOption(organizationOption())
    .action(run(async () => (await change()).rotateKey));
  keys
    .command('revoke')
    .alias('delete')
    .description('Revoke a key at once')
    .argument('[key]', which)
    .option('-f, --force', 'do not ask')
    .addOption(hiddenYes())
    .addOption(organizationOption())
    .action(run(async () => (await change()).revokeKey));
  keys
    .command('use')
    .description("Choose the public key that 'agent start' uses")
    .argument('[key]', which)
    .addOption(organizationOption())
    .action(run(async () => (await change()).chooseKey));
}
