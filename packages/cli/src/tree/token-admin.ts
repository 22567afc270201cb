import type { Command } from 'commander';
import { when } from '../lib/when.js';
import type { Run } from '../program.js';
import { hiddenYes, organizationOption } from './options.js';
import { idHelp, serviceAccountOption } from './token-options.js';

/** What admins do with the tokens of others, below `token`. */
export function addTokenAdmin(token: Command, run: Run): void {
  const load = () => import('../commands/token/organization-token.js');
  token
    .command('adopt')
    .summary('Give a token to a service account')
    .description("Moves a person's token to a service account; whoever holds the secret goes on using it.")
    .argument('<token>', idHelp)
    .addOption(serviceAccountOption('who gets it').makeOptionMandatory())
    .addOption(organizationOption())
    .action(run(async () => (await load()).adoptToken));
  token
    .command('approve')
    .description('Let a personal token reach the organization, where its policy asks for that')
    .argument('<token>', idHelp)
    .addOption(organizationOption())
    .action(run(async () => (await load()).approveToken));
  token
    .command('deny')
    .description('Refuse a personal token, or take an approval back')
    .argument('<token>', idHelp)
    .addOption(organizationOption())
    .action(run(async () => (await load()).denyToken));
  token
    .command('panic')
    .summary('Revoke everything issued or used since a time')
    .description(
      'Revokes every token issued or used since a time: your own, or with --user or --service-account theirs in the\n' +
        'organization, or with -o alone every token that reaches that organization. Shows what was revoked.',
    )
    .requiredOption('--since <time>', 'how long ago (30m, 2h, 3d), or a time', when)
    .option('--user <email>', 'tokens of this member')
    .addOption(serviceAccountOption('tokens of this service account'))
    .option('-f, --force', 'do not ask')
    .addOption(hiddenYes())
    .addOption(organizationOption())
    .action(run(async () => (await import('../commands/token/panic.js')).panic));
}
