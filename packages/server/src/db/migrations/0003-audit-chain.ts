import { type ChainPoint, chainStart } from '@pipecat-cloud/contract/audit-chain';
import { type Kysely, sql } from 'kysely';
import { chained } from '../../audit/append.js';
import { toHeadRow, toRow } from '../../audit/audit-rows.js';
import type { AuditTables } from '../../audit/audit-table.js';
import { chainOf, installationChain, pointOf, seal } from '../../audit/chain-head.js';
import type { NewAuditRecord } from '../../audit/pending-records.js';

const statements = [
  'drop index audit_organization',
  // Made anew, because no column can be added that must not be null.
  'alter table audit rename to audit_unchained',
  `create table audit (
    id text not null,
    chain text not null,
    seq bigint not null,
    prev_hash text not null,
    hash text not null,
    organization_id text,
    at text not null,
    actor_kind text not null,
    actor_id text,
    credential_id text,
    parent_credential_id text,
    address text,
    user_agent text,
    ci_run text,
    action text not null,
    target text,
    detail_json text,
    primary key (chain, seq)
  )`,
  'create index audit_at on audit (chain, at)',
  `create table audit_chain (
    chain text primary key,
    seq bigint not null,
    hash text not null,
    anchor_seq bigint not null,
    anchor_hash text not null,
    begun bigint not null,
    mac text not null
  )`,
];

type OldRow = Omit<AuditTables['audit'], 'chain' | 'seq' | 'prev_hash' | 'hash'>;
const pageSize = 100;

/** A hash chain per organization, and one for what belongs to none. Records that are there are chained in the order of their time. */
export async function auditChain(db: Kysely<unknown>, key: Buffer | undefined): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
  const ends = await chainOldRecords(db as Kysely<AuditTables>);
  await sql`drop table audit_unchained`.execute(db);
  if (ends.size === 0) return;
  if (!key)
    throw new Error('There are audit records, and their chains cannot be sealed without the keys of the installation');
  const organizations = [...ends.keys()].filter((chain) => chain !== installationChain);
  for (const chain of [...organizations, installationChain]) {
    const begun = chain === installationChain ? organizations.length : 0;
    const head = { chain, head: ends.get(chain) ?? chainStart, anchor: chainStart, begun };
    await (db as Kysely<AuditTables>)
      .insertInto('audit_chain')
      .values(toHeadRow({ ...head, mac: seal(key, head) }))
      .execute();
  }
}

/** Answers where each chain ends. */
async function chainOldRecords(db: Kysely<AuditTables>): Promise<Map<string, ChainPoint>> {
  const ends = new Map<string, ChainPoint>();
  let [at, id] = ['', ''];
  for (;;) {
    const { rows } = await sql<OldRow>`select * from audit_unchained where (at, id) > (${at}, ${id})
      order by at, id limit ${sql.lit(pageSize)}`.execute(db);
    for (const row of rows) {
      const chain = chainOf(row.organization_id);
      const [line] = chained(ends.get(chain) ?? chainStart, [toRecord(row)]);
      if (!line) continue;
      await db.insertInto('audit').values(toRow(line)).execute();
      ends.set(chain, pointOf(line));
    }
    const last = rows.at(-1);
    if (!last) return ends;
    [at, id] = [last.at, last.id];
  }
}

function toRecord(row: OldRow): NewAuditRecord {
  return {
    id: row.id,
    organizationId: row.organization_id,
    at: row.at,
    actorKind: row.actor_kind,
    actorId: row.actor_id,
    credentialId: row.credential_id,
    parentCredentialId: null,
    address: row.address,
    userAgent: null,
    ciRun: null,
    action: row.action,
    target: row.target,
    detail: row.detail_json === null ? null : (JSON.parse(row.detail_json) as Record<string, unknown>),
  };
}
