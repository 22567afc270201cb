import type { AuditQuery, AuditRecord } from '@pipecat-cloud/contract/audit';
import type { CommandContext } from '../../lib/context.js';
import { time } from '../../lib/format.js';

export type AuditListOptions = Omit<AuditQuery, 'cursor' | 'limit'> & { limit: number };

/** The most that the server gives at once. */
const pageSize = 500;

/** `audit list`: as many pages as it takes. */
export async function listAudit(context: CommandContext, options: AuditListOptions) {
  const [api, org] = [await context.api(), await context.org()];
  const { since, until, actor, action, credential, target, address, limit } = options;
  const filter = defined({ since, until, actor, action, credential, target, address });
  const records: AuditRecord[] = [];
  const names: Record<string, string> = {};
  let nextCursor: number | null | undefined;
  while (records.length < limit && nextCursor !== null) {
    const page = await api.listAudit(org, {
      ...filter,
      limit: Math.min(pageSize, limit - records.length),
      ...(nextCursor === undefined ? {} : { cursor: nextCursor }),
    });
    records.push(...page.records);
    Object.assign(names, page.names);
    nextCursor = page.nextCursor;
  }
  if (!context.json && records.length === 0) return context.note('No audit records match.');
  context.result({ records, names, nextCursor: nextCursor ?? null }, () => recordTable(records, names, context));
  if (!context.json && nextCursor) context.note('There are more: raise --limit, or narrow it down.');
}

function recordTable(
  records: readonly AuditRecord[],
  names: Readonly<Record<string, string>>,
  context: CommandContext,
): string {
  const { colours } = context;
  const named = (id: string | null) => (id === null ? undefined : (names[id] ?? id));
  const rows = records.map((record) => [
    String(record.seq),
    time(record.at),
    record.action,
    record.target ?? '-',
    [record.actorKind, named(record.actorId)].filter(Boolean).join(' '),
    named(record.credentialId) ?? '-',
    record.address ?? '-',
  ]);
  return context.table(['SEQ', 'TIME (UTC)', 'ACTION', 'TARGET', 'ACTOR', 'CREDENTIAL', 'ADDRESS'], rows, {
    paint: (text, row, column) =>
      column === 2 && records[row]?.action.includes('refused') ? colours.yellow(text) : text,
  });
}

function defined<T extends Record<string, string | undefined>>(values: T): Partial<Record<keyof T, string>> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Partial<
    Record<keyof T, string>
  >;
}
