import type { Command } from 'commander';
import type { Run } from '../program.js';
import { configFileOption, organizationOption } from './options.js';

export function addOpen(program: Command, run: Run): void {
  program
    .command('open')
    .summary('Open the dashboard at an agent')
    .description('Opens the dashboard, at an agent where one is named, and prints the address.')
    .argument('[name]', 'name of the agent (default: agent_name of the deploy file, else the overview)')
    .option('--print', 'print the address only')
    .addOption(configFileOption())
    .addOption(organizationOption())
    .action(run(async () => (await import('../commands/open.js')).openDashboard));
}
