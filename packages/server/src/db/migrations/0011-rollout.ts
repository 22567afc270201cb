import { type Kysely, sql } from 'kysely';

const statements = [
  // No foreign keys, as with the other deployments that an agent names.
  "alter table agent add column fallback_deployments_json text not null default '[]'",
  'alter table agent add column canary_percent integer',
  'alter table agent add column starts_held integer not null default 0',
  'alter table deployment add column image_digest text',
  "alter table deployment add column rollout text not null default 'automatic'",
  'alter table deployment add column canary_percent integer',
  'alter table deployment add column ready_at text',
  'alter table deployment add column live_at text',
  'alter table deployment add column deployed_by_kind text',
  'alter table deployment add column deployed_by_id text',
  'alter table deployment add column deployed_by_credential_id text',
  // Only one that was ready became active, and went live at that moment.
  "update deployment set ready_at = phase_started_at, live_at = phase_started_at where phase in ('Active', 'Draining')",
];

/** How a deployment takes over, what its tag was resolved to, who made it and when it was ready and live. */
export async function rollout(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}
