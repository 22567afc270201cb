import { type Command, Option } from 'commander';
import type { Run } from '../program.js';
import { integer, oneOf, organizationOption, regionOption } from './options.js';

const statuses = ['pending', 'building', 'success', 'failed', 'timeout'] as const;

export function addBuild(program: Command, run: Run): void {
  const build = program.command('build').description('Builds: images that deploying a directory makes');
  const load = () => import('../commands/build/builds.js');
  build
    .command('list')
    .description('List builds, newest first')
    .addOption(new Option('-n, --limit <count>', 'how many').argParser(integer(1, 100)).default(10))
    .addOption(new Option('-s, --status <status>', `only these: ${statuses.join(', ')}`).argParser(oneOf(statuses)))
    .addOption(regionOption('only those in this region'))
    .addOption(organizationOption())
    .action(run(async () => (await load()).listBuilds));
  build
    .command('status')
    .description('Show one build')
    .argument('<build>', 'id of the build')
    .addOption(organizationOption())
    .action(run(async () => (await load()).buildStatus));
  build
    .command('cancel')
    .description('End a build that is under way')
    .argument('<build>', 'id of the build')
    .addOption(organizationOption())
    .action(run(async () => (await load()).cancelBuild));
  build
    .command('logs')
    .summary('Print the log of a build')
    .description('Prints the log of a build from its beginning. With --follow to its end; fails when the build does.')
    .argument('<build>', 'id of the build')
    .addOption(new Option('-n, --limit <count>', 'how many lines').argParser(integer(1, 10_000)).default(500))
    .option('-F, --follow', 'all lines, and those that come until the build has ended')
    .addOption(organizationOption())
    .action(run(async () => (await import('../commands/build/logs.js')).buildLogs));
}
