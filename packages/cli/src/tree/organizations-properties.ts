import type { Command } from 'commander';
import type { Run } from '../program.js';
import { hiddenYes, organizationOption } from './options.js';

/** `organizations properties …`, `default-region` and `registry-keys …`. */
export function addOrganizationProperties(organizations: Command, run: Run): void {
  const load = () => import('../commands/organizations/properties/properties.js');
  organizations
    .command('default-region')
    .description('Show where deploys go that name no region, or choose it')
    .argument('[region]', 'region to choose')
    .addOption(organizationOption())
    .action(run(async () => (await load()).defaultRegion));
  const properties = organizations.command('properties').description('Properties: settings of an organization');
  properties
    .command('list')
    .description('List the properties and their values')
    .addOption(organizationOption())
    .action(run(async () => (await load()).listProperties));
  properties
    .command('schema')
    .description('Explain the properties and what each can be')
    .addOption(organizationOption())
    .action(run(async () => (await load()).showPropertySchema));
  properties
    .command('set')
    .description('Change a property')
    .argument('<name>', 'name of the property')
    .argument('<value>', 'new value')
    .addOption(organizationOption())
    .action(run(async () => (await load()).setProperty));
  addRegistryKeys(organizations, run);
}

function addRegistryKeys(organizations: Command, run: Run): void {
  const keys = organizations
    .command('registry-keys')
    .description('Registry keys: pull the charts of a platform that has a registry');
  const load = () => import('../commands/organizations/registry-keys/registry-keys.js');
  keys
    .command('list')
    .description('List the registry keys of an organization')
    .option('--all', 'also those that were revoked or ran out')
    .addOption(organizationOption())
    .action(run(async () => (await load()).listRegistryKeys));
  keys
    .command('mint')
    .description('Make a registry key; shown this once')
    .option('--name <name>', 'what to call it')
    .option('--value-only', 'print the key and nothing else, as when piped')
    .addOption(organizationOption())
    .action(run(async () => (await load()).mintRegistryKey));
  keys
    .command('revoke')
    .description('Revoke a registry key')
    .argument('<key>', 'id of the key')
    .option('-f, --force', 'do not ask')
    .addOption(hiddenYes())
    .addOption(organizationOption())
    .action(run(async () => (await load()).revokeRegistryKey));
}
