import { type Command, Option } from 'commander';
import type { Run } from '../program.js';
import { list, oneOf, organizationOption } from './options.js';

const architectures = ['amd64', 'arm64'] as const;

export function addRegions(program: Command, run: Run): void {
  const regions = program.command('regions').description('Regions: where agents run, those of your own included');
  const load = () => import('../commands/regions/regions.js');
  const key = 'key of the region';
  regions
    .command('list')
    .description('List the regions that an organization can deploy to')
    .addOption(organizationOption())
    .action(run(async () => (await import('../commands/regions/list.js')).listRegions));
  regions
    .command('register')
    .description('Register a region of your own, or change it; what no option names stays')
    .argument('<key>', 'lower-case letters, digits and dashes, for example pce-acme-us-east')
    .option('--workloads-namespace <name>', 'namespace that its agents run in')
    .addOption(new Option('--architectures <list>', 'amd64, arm64 or both between commas').argParser(list))
    .addOption(
      new Option('--default-architecture <name>', 'for deploys that name none').argParser(oneOf(architectures)),
    )
    .option('--ws-public-endpoint <url>', 'public wss:// address of its sockets')
    .option('--display-name <text>', 'what people see')
    .addOption(organizationOption())
    .action(run(async () => (await load()).registerRegion));
  regions
    .command('show')
    .description('Show a region of your own and its workers')
    .argument('<key>', key)
    .addOption(organizationOption())
    .action(run(async () => (await load()).showRegion));
  regions
    .command('enroll-token')
    .description('Make the token that a new worker of the region enrols with; shown this once')
    .argument('<key>', key)
    .option('--value-only', 'print the token and nothing else, as when piped')
    .addOption(organizationOption())
    .action(run(async () => (await load()).createEnrollToken));
  regions
    .command('delete')
    .description('Delete a region of your own')
    .argument('<key>', key)
    .option('-y, --yes', 'do not ask')
    .addOption(new Option('-f, --force', 'do not ask').hideHelp())
    .addOption(organizationOption())
    .action(run(async () => (await load()).deleteRegion));
}
