import { type AuditLine, type ChainPoint, chainStart, hashOf } from '@pipecat-cloud/contract/audit-chain';
import type { Kysely } from 'kysely';
import type { Dialect } from '../db/open.js';
import { prepared, preparedInsert } from '../db/prepared.js';
import type { Schema } from '../db/schema.js';
import { toHead, toHeadRow, toLine, toRow } from './audit-rows.js';
import type { AuditTables } from './audit-table.js';
import { brokenSeal, type ChainHead, chainOf, installationChain, moved, pointOf, seal } from './chain-head.js';
import type { NewAuditRecord } from './pending-records.js';

export interface ChainContext {
  db: Kysely<Schema>;
  dialect: Dialect;
  key: Buffer;
}

const insertLines = preparedInsert('audit', [
  'id',
  'chain',
  'seq',
  'prev_hash',
  'hash',
  'organization_id',
  'at',
  'actor_kind',
  'actor_id',
  'credential_id',
  'parent_credential_id',
  'address',
  'user_agent',
  'ci_run',
  'action',
  'target',
  'detail_json',
]);

const headOf = (locking: boolean) =>
  prepared((db, { chain }: { chain: string }) =>
    db
      .selectFrom('audit_chain')
      .selectAll()
      .where('chain', '=', chain)
      .$if(locking, (query) => query.forUpdate()),
  );
// SQLite has one writer at a time; on PostgreSQL two would put records in the same place.
const heads = { sqlite: headOf(false), postgres: headOf(true) };

const moveHead = prepared((db, head: AuditTables['audit_chain']) =>
  db
    .updateTable('audit_chain')
    .set({
      seq: head.seq,
      hash: head.hash,
      anchor_seq: head.anchor_seq,
      anchor_hash: head.anchor_hash,
      begun: head.begun,
      mac: head.mac,
    })
    .where('chain', '=', head.chain),
);

/**
 * Puts the records of one transaction at the ends of their chains. Call it last, just before the commit: heads stay locked until
 * then. Chains are taken in one order everywhere, the installation's last, so that two transactions never wait for each other.
 */
export async function appendRecords(context: ChainContext, records: readonly NewAuditRecord[]): Promise<void> {
  const byChain = Map.groupBy(records, ({ organizationId }) => chainOf(organizationId));
  let begun = 0;
  for (const chain of [...byChain.keys()].filter((name) => name !== installationChain).sort()) {
    begun += await append(context, chain, byChain.get(chain) ?? [], 0);
  }
  const own = byChain.get(installationChain) ?? [];
  if (begun > 0 || own.length > 0) await append(context, installationChain, own, begun);
}

/** Answers how many chains it began: 0 or 1. */
async function append(
  context: ChainContext,
  chain: string,
  records: readonly NewAuditRecord[],
  begun: number,
): Promise<number> {
  const { head: before, isNew } = await lockHead(context, chain);
  const lines = chained(before.head, records);
  await insertLines(context.db, lines.map(toRow));
  const last = lines.at(-1);
  const after = moved(context.key, before, {
    head: last ? pointOf(last) : before.head,
    begun: before.begun + begun,
  });
  await writeHead(context, after);
  return isNew ? 1 : 0;
}

/** Gives each record its place after `last`. */
export function chained(last: ChainPoint, records: readonly NewAuditRecord[]): AuditLine[] {
  let { seq, hash } = last;
  return records.map((record) => {
    const fields = { ...record, seq: ++seq, prevHash: hash };
    hash = hashOf(fields);
    return { ...fields, hash };
  });
}

/** Nobody else appends to this chain, or prunes it, until the end of the transaction. */
export async function lockHead(context: ChainContext, chain: string): Promise<{ head: ChainHead; isNew: boolean }> {
  const known = await readHead(context, chain);
  if (known) return { head: known, isNew: false };
  const fresh = await firstHead(context, chain);
  const inserted = await context.db
    .insertInto('audit_chain')
    .values(toHeadRow(fresh))
    .onConflict((conflict) => conflict.column('chain').doNothing())
    .returning('chain')
    .executeTakeFirst();
  if (inserted) return { head: fresh, isNew: true };
  // Another transaction began it at the same time, and has committed.
  const other = await readHead(context, chain);
  if (!other) throw new Error(`The head of the audit chain ${chain} vanished while it was being written`);
  return { head: other, isNew: false };
}

async function readHead({ db, dialect }: ChainContext, chain: string): Promise<ChainHead | undefined> {
  const [row] = (await heads[dialect](db, { chain })).rows;
  return row && toHead(row);
}

/** Of a chain that has none. Where there are records all the same, someone has removed it: it gets no seal again. */
async function firstHead({ db, key }: ChainContext, chain: string): Promise<ChainHead> {
  const row = await db
    .selectFrom('audit')
    .selectAll()
    .where('chain', '=', chain)
    .orderBy('seq', 'desc')
    .limit(1)
    .executeTakeFirst();
  const fresh = { chain, head: row ? pointOf(toLine(row)) : chainStart, anchor: chainStart, begun: 0 };
  return { ...fresh, mac: row ? brokenSeal : seal(key, fresh) };
}

export async function writeHead({ db }: ChainContext, head: ChainHead): Promise<void> {
  await moveHead(db, toHeadRow(head));
}
