import type { Command } from 'commander';
import type { Run } from '../program.js';
import { organizationOption } from './options.js';
import { addWebhooks } from './webhooks.js';

export function addOrganizations(program: Command, run: Run): void {
  const organizations = program.command('organizations').description('List organizations and choose one');
  organizations
    .command('list')
    .description('List the organizations that you can reach')
    .action(run(async () => (await import('../commands/organizations/list.js')).listOrganizations));
  organizations
    .command('select')
    .description('Choose the organization that commands work in')
    .addOption(organizationOption())
    .action(run(async () => (await import('../commands/organizations/select.js')).selectOrganization));
  addWebhooks(organizations, run);

  const regions = program.command('regions').description('List regions');
  regions
    .command('list')
    .description('List the regions that an organization can deploy to')
    .addOption(organizationOption())
    .action(run(async () => (await import('../commands/regions/list.js')).listRegions));
}
