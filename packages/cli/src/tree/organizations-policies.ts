import { type Command, Option } from 'commander';
import type { Run } from '../program.js';
import { integerOrNone, list, oneOf, onOff, organizationOption } from './options.js';

/** `organizations policies …`: what an organization asks of every credential that reaches it. */
export function addOrganizationPolicies(organizations: Command, run: Run): void {
  const policies = organizations.command('policies').description('What an organization asks of every token');
  const load = () => import('../commands/organizations/policies/policies.js');

  policies
    .command('show')
    .description('Show every rule')
    .addOption(organizationOption())
    .action(run(async () => (await load()).showPolicy));
  rules(
    policies
      .command('set')
      .summary('Change rules; shows first which tokens would stop')
      .description(
        'Changes the rules that flags name; the others stay. Shows first which tokens would stop, and asks if any.',
      ),
  )
    .option('-y, --yes', 'do not ask')
    .addOption(new Option('-f, --force', 'do not ask').hideHelp())
    .addOption(organizationOption())
    .action(run(async () => (await load()).setPolicy));
  rules(policies.command('dry-run').description('Show which tokens rules would stop, and change nothing'))
    .addOption(organizationOption())
    .action(run(async () => (await load()).dryRunPolicy));
}

function rules(command: Command): Command {
  const days = integerOrNone(1, 3650);
  const fate = () => oneOf(['alert', 'revoke'] as const);
  return command
    .addOption(new Option('--max-token-days <days>', 'longest life of a token, or none').argParser(days))
    .addOption(new Option('--expiry-required <on|off>', 'tokens must have an end').argParser(onOff))
    .addOption(new Option('--revoke-unused-after <days>', 'revoke tokens unused for so long, or none').argParser(days))
    .addOption(new Option('--allowed-network <cidr>', 'tokens are used only from here; repeatable').argParser(list))
    .option('--any-network', 'tokens are used from anywhere')
    .addOption(
      new Option('--personal-tokens <who>', 'whose personal tokens reach it: everyone, admins or nobody').argParser(
        oneOf(['everyone', 'admins', 'nobody'] as const),
      ),
    )
    .addOption(new Option('--approval-required <on|off>', 'an admin approves each personal token').argParser(onOff))
    .addOption(new Option('--second-factor <on|off>', 'people need a second factor').argParser(onOff))
    .addOption(new Option('--on-reuse <what>', 'when a rotated secret is seen: alert or revoke').argParser(fate()))
    .addOption(
      new Option('--on-leak <what>', 'when a credential is found in the open: alert or revoke').argParser(fate()),
    );
}
