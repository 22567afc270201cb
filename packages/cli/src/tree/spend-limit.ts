import type { Command } from 'commander';
import type { Run } from '../program.js';
import { organizationOption } from './options.js';

/** `spend-limit …`, and the same below `organizations`, where one version of the official client has it. */
export function addSpendLimit(parent: Command, run: Run): void {
  const limit = parent.command('spend-limit').description('What an organization may spend on sessions in a month');
  const load = () => import('../commands/spend-limit/spend-limit.js');
  limit
    .command('show')
    .description('Show the limit and what was spent')
    .addOption(organizationOption())
    .action(run(async () => (await load()).showSpendLimit));
  limit
    .command('set')
    .description('Set the limit; new sessions are refused once it is reached')
    .argument('<amount>', 'dollars, for example 50 or 12.34')
    .option('-y, --yes', 'do not ask')
    .addOption(organizationOption())
    .action(run(async () => (await load()).setSpendLimit));
  limit
    .command('clear')
    .description('Take the limit away')
    .option('-y, --yes', 'do not ask')
    .addOption(organizationOption())
    .action(run(async () => (await load()).clearSpendLimit));
}
