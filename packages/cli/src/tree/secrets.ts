import { type Command, Option } from 'commander';
import type { Run } from '../program.js';
import { organizationOption, regionOption } from './options.js';

const hidden = (flags: string) => new Option(flags, 'do not ask').hideHelp();

export function addSecrets(program: Command, run: Run): void {
  const secrets = program
    .command('secrets')
    .description('Secret sets: environment for agents; values are never shown again');
  secrets
    .command('set')
    .summary('Add keys to a set, or replace their values')
    .description(
      'Adds keys to a secret set, or replaces their values; makes the set if needed.\n' +
        'Values stay off the command line with --file, with --stdin, or with a KEY alone, which asks for its value.',
    )
    .argument('<set>', 'name of the set')
    .argument('[pairs...]', 'KEY=VALUE, or KEY to be asked')
    .option('-f, --file <path>', 'file of KEY=VALUE lines, or - for standard input')
    .option('--stdin <key>', 'read the value of this key from standard input')
    .addOption(regionOption('region of a new set'))
    .addOption(hidden('-s, --skip'))
    .addOption(hidden('-y, --yes'))
    .addOption(organizationOption())
    .action(run(async () => (await import('../commands/secrets/set.js')).setSecrets));
  secrets
    .command('list')
    .description('List secret sets, or the keys of one')
    .argument('[set]', 'name of the set')
    .addOption(regionOption('only sets in this region'))
    .addOption(new Option('-s, --sets', 'accepted for compatibility').hideHelp())
    .addOption(organizationOption())
    .action(run(async () => (await import('../commands/secrets/list.js')).listSecrets));
  secrets
    .command('image-pull-secret')
    .summary('Store what a private registry asks for')
    .description(
      'Stores the credentials of a private registry, for deploys with --credentials or --build-credentials. Asks for them\n' +
        'without showing the password, or reads USER:PASSWORD from standard input.',
    )
    .argument('<set>', 'name of the set')
    .argument('<host>', 'address of the registry, for example ghcr.io')
    .argument('[credentials]', 'USER:PASSWORD; visible to other users of this machine, so better left out')
    .option('--stdin', 'read USER:PASSWORD from standard input')
    .addOption(regionOption('region of a new set'))
    .addOption(new Option('-e, --encode', 'accepted for compatibility; they are always encoded').hideHelp())
    .addOption(hidden('-s, --skip'))
    .addOption(hidden('-y, --yes'))
    .addOption(organizationOption())
    .action(run(async () => (await import('../commands/secrets/image-pull-secret.js')).setPullSecret));
  secrets
    .command('reference')
    .description('Make a set known whose values lie in a region of your own, and stay there')
    .argument('<set>', 'name of the set')
    .addOption(regionOption('region that has the values').makeOptionMandatory())
    .addOption(organizationOption())
    .action(run(async () => (await import('../commands/secrets/reference.js')).referenceSecrets));
  secrets
    .command('unset')
    .description('Remove one key from a set')
    .argument('<set>', 'name of the set')
    .argument('<key>', 'key to remove')
    .option('-y, --yes', 'do not ask')
    .addOption(hidden('-s, --skip'))
    .addOption(hidden('-f, --force'))
    .addOption(organizationOption())
    .action(run(async () => (await import('../commands/secrets/unset.js')).unsetSecret));
  secrets
    .command('delete')
    .description('Delete a set with all its keys')
    .argument('<set>', 'name of the set')
    .option('-y, --yes', 'do not ask')
    .addOption(hidden('-s, --skip'))
    .addOption(hidden('-f, --force'))
    .addOption(organizationOption())
    .action(run(async () => (await import('../commands/secrets/delete.js')).deleteSet));
}
