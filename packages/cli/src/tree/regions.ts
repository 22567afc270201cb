import type { Command } from 'commander';
import type { Run } from '../program.js';
import { organizationOption } from './options.js';

export function addRegions(program: Command, run: Run): void {
  const regions = program.command('regions').description('List regions');
  regions
    .command('list')
    .description('List the regions that an organization can deploy to')
    .addOption(organizationOption())
    .action(run(async () => (await import('../commands/regions/list.js')).listRegions));
}
