import type { Command } from 'commander';
import type { Run } from '../program.js';
import { hiddenYes, organizationOption } from './options.js';
import { addOrganizationDaily } from './organizations-daily.js';
import { addOrganizationKeys } from './organizations-keys.js';
import { addOrganizationMembers } from './organizations-members.js';
import { addOrganizationPolicies } from './organizations-policies.js';
import { addOrganizationProperties } from './organizations-properties.js';
import { addSpendLimit } from './spend-limit.js';
import { addWebhooks } from './webhooks.js';

/** Organizations and what belongs to them. Returns the group, for the commands that live elsewhere. */
export function addOrganizations(program: Command, run: Run): Command {
  const organizations = program
    .command('organizations')
    .description('Organizations: choose one; its members, API keys and policies');
  const change = () => import('../commands/organizations/change.js');
  organizations
    .command('list')
    .description('List the organizations that you can reach')
    .action(run(async () => (await import('../commands/organizations/list.js')).listOrganizations));
  organizations
    .command('select')
    .description('Choose the organization that commands work in')
    .addOption(organizationOption())
    .action(run(async () => (await import('../commands/organizations/select.js')).selectOrganization));
  organizations
    .command('create')
    .description('Create an organization, with you as its owner')
    .argument('<name>', 'lower-case letters, digits and dashes; stays for good')
    .option('--title <text>', 'what people see (default: the name)')
    .action(run(async () => (await change()).createOrganization));
  organizations
    .command('rename')
    .description('Change the title; the name stays, because clients are configured with it')
    .argument('<title>', 'what people see')
    .addOption(organizationOption())
    .action(run(async () => (await change()).renameOrganization));
  organizations
    .command('delete')
    .description('Delete an organization with all that is in it (owners)')
    .argument('<name>', 'name of the organization')
    .option('-f, --force', 'do not ask')
    .addOption(hiddenYes())
    .action(run(async () => (await change()).deleteOrganization));
  organizations
    .command('default')
    .description('Choose what comes first wherever no organization is configured, on every machine')
    .argument('<name>', 'name of the organization')
    .action(run(async () => (await change()).setDefaultOrganization));
  addOrganizationMembers(organizations, run);
  addOrganizationKeys(organizations, run);
  addOrganizationProperties(organizations, run);
  addSpendLimit(organizations, run);
  addOrganizationDaily(organizations, run);
  addOrganizationPolicies(organizations, run);
  addWebhooks(organizations, run);
  return organizations;
}
