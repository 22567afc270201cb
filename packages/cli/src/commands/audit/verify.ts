import type { AuditVerification } from '@pipecat-cloud/contract/audit';
import type { CommandContext } from '../../lib/context.js';
import { CliError, usageError } from '../../lib/errors.js';
import { plural } from '../../lib/format.js';
import { checkExport } from './check-export.js';

export interface AuditVerifyOptions {
  file?: string;
  head?: string;
}

/** `audit verify`: by the server, or offline on an export. Exit 1 when the chain is broken. */
export async function verifyAudit(context: CommandContext, { file, head }: AuditVerifyOptions) {
  if (head !== undefined && !/^[0-9a-f]{64}$/.test(head)) {
    throw usageError('--head takes the hash of a record: 64 digits and letters from a to f.');
  }
  if (file === undefined) {
    if (head !== undefined) throw usageError('--head goes with --file: the server knows its head.');
    return verifyOnServer(context);
  }
  context.progress.step(`Checking ${file} …`);
  const found = await checkExport(file, head);
  if (found.problem) throw broken(found.problem);
  const { records, from, to, headHash, proven, notProven } = found;
  context.result({ ok: true, records, from, to, headHash, proven, notProven }, () =>
    [
      `${plural(records, 'record')}${records > 0 ? `, ${from} to ${to}` : ''}: the chain is whole.`,
      ...proven.map((sentence) => `  shown      ${sentence}`),
      ...notProven.map((sentence) => `  not shown  ${sentence}`),
      `Last hash: ${headHash ?? '-'}`,
    ].join('\n'),
  );
}

async function verifyOnServer(context: CommandContext): Promise<void> {
  const [api, org] = [await context.api(), await context.org()];
  context.progress.step(`The server checks the audit log of ${org} …`);
  const found: AuditVerification = await api.verifyAudit(org);
  if (found.problem || !found.ok) throw broken(found.problem ?? { seq: found.to, what: 'the server says no more' });
  context.result(found, () =>
    [
      `${plural(found.records, 'record')}${found.records > 0 ? `, ${found.from} to ${found.to}` : ''}: the chain is whole, and its head carries the seal of the server.`,
      ...(found.from > 1 ? [`Records before ${found.from} were removed by retention.`] : []),
      `Head: ${found.headHash}`,
    ].join('\n'),
  );
}

function broken({ seq, what }: { seq: number; what: string }): CliError {
  return new CliError(`The audit chain is broken at record ${seq}: ${what}.`, {
    code: 'AUDIT_CHAIN_BROKEN',
    hint: 'Keep a copy of the database and of this output as evidence, and find out who could write there. See docs/audit.md.',
  });
}
