import { type Command, Option } from 'commander';
import { when } from '../lib/when.js';
import type { Run } from '../program.js';
import { integer, organizationOption } from './options.js';

const since = () => new Option('--since <time>', 'from this time on, or how long ago: 12h, 7d').argParser(when);
const until = () => new Option('--until <time>', 'before this time').argParser(when);

export function addAudit(program: Command, run: Run): void {
  const audit = program.command('audit').description('Who changed what: the audit log of an organization');
  audit
    .command('list')
    .description('List audit records, newest first')
    .addOption(since())
    .addOption(until())
    .option('--actor <who>', 'only by this person (e-mail or id), service account or worker; or a kind, such as apiKey')
    .option('--action <prefix>', 'only actions that begin so, such as secret.')
    .option('--credential <id>', 'only with this token or key, or one derived from it')
    .option('--target <id>', 'only on this id or name')
    .option('--address <address>', 'only from this network address')
    .addOption(new Option('-n, --limit <count>', 'how many').argParser(integer(1, 10_000)).default(50))
    .addOption(organizationOption())
    .action(run(async () => (await import('../commands/audit/list.js')).listAudit));
  audit
    .command('export')
    .summary('Write audit records as JSON lines')
    .description(
      'Writes the audit log as JSON lines, oldest first and without gaps, to standard output or a file.\n' +
        "Anyone can check such a file with 'audit verify --file'.",
    )
    .option('--file <path>', 'write to this file')
    .addOption(since())
    .addOption(until())
    .addOption(organizationOption())
    .action(run(async () => (await import('../commands/audit/export.js')).exportAudit));
  audit
    .command('verify')
    .summary('Check that no audit record was changed or removed')
    .description(
      'Has the server check its audit log, or checks an export without it. Exit code 1 when the chain is broken.',
    )
    .option('--file <path>', 'check this export; nothing is asked of the server')
    .option('--head <hash>', 'hash of a record that must be in it, kept from an earlier check')
    .addOption(organizationOption())
    .action(run(async () => (await import('../commands/audit/verify.js')).verifyAudit));
}
