import { type Command, Option } from 'commander';
import type { Run } from '../program.js';
import { hiddenYes, oneOf, organizationOption } from './options.js';

const roles = ['viewer', 'developer', 'admin'] as const;

export function addServiceAccounts(program: Command, run: Run): Command {
  const accounts = program
    .command('service-accounts')
    .summary('Identities for pipelines and machines')
    .description('Identities for pipelines and machines. Their tokens: token list --service-account NAME, and so on.');
  const change = () => import('../commands/service-accounts/change.js');
  const role = () => new Option('--role <role>', roles.join(', ')).argParser(oneOf(roles));
  const name = 'its name or id';

  accounts
    .command('list')
    .description('List the service accounts of an organization')
    .addOption(organizationOption())
    .action(run(async () => (await import('../commands/service-accounts/list.js')).listServiceAccounts));
  accounts
    .command('create')
    .description('Create a service account')
    .argument('<name>', 'lower-case letters, digits and dashes')
    .addOption(role().makeOptionMandatory())
    .option('--description <text>', 'what it is for')
    .addOption(organizationOption())
    .action(run(async () => (await change()).createServiceAccount));
  accounts
    .command('show')
    .description('Show a service account and its live tokens')
    .argument('<name>', name)
    .addOption(organizationOption())
    .action(run(async () => (await import('../commands/service-accounts/show.js')).showServiceAccount));
  accounts
    .command('update')
    .description('Change the role or the description')
    .argument('<name>', name)
    .addOption(role())
    .option('--description <text>', 'what it is for')
    .addOption(organizationOption())
    .action(run(async () => (await change()).updateServiceAccount));
  accounts
    .command('disable')
    .description('Refuse all its tokens until it is enabled again')
    .argument('<name>', name)
    .addOption(organizationOption())
    .action(run(async () => (await change()).disableServiceAccount));
  accounts
    .command('enable')
    .description('Accept its tokens again')
    .argument('<name>', name)
    .addOption(organizationOption())
    .action(run(async () => (await change()).enableServiceAccount));
  accounts
    .command('delete')
    .description('Delete it and revoke its tokens')
    .argument('<name>', name)
    .option('-f, --force', 'do not ask')
    .addOption(hiddenYes())
    .addOption(organizationOption())
    .action(run(async () => (await change()).deleteServiceAccount));
  return accounts;
}
