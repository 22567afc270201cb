import { type Command, Option } from 'commander';
import type { Run } from '../program.js';
import { integer, list, organizationOption } from './options.js';

export function addAuthStatus(auth: Command, run: Run): void {
  auth
    .command('status')
    .summary('Show who you are and what your credential may do; --check for pipelines')
    .description(
      'Shows who you are, the organization, what the token may do and when it ends.\n' +
        'With --check it is the preflight of a pipeline: a line for each check, and the exit code of the first that fails.',
    )
    .option('--check', 'check that a pipeline could go on from here')
    .addOption(
      new Option(
        '--permission <name>',
        'with --check: must be allowed; repeatable (default: what deploying needs)',
      ).argParser(list),
    )
    .addOption(new Option('--agent <name>', 'with --check: for this agent; repeatable').argParser(list))
    .addOption(
      new Option('--min-days <count>', 'with --check: must live so long (default: 7)').argParser(integer(0, 3650)),
    )
    .addOption(organizationOption())
    .action(run(async () => (await import('../commands/auth/status.js')).authStatus));
}
