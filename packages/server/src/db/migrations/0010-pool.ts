import { type Kysely, sql } from 'kysely';

const statements = [
  // How often an instance may be used again; null is without limit, and 1 session means a new process each time.
  'alter table agent add column reuse_max_sessions integer',
  'alter table agent add column reuse_max_memory_percent integer',
  // Sessions that the slot's present instance was given.
  'alter table slot add column served integer not null default 0',
  // What was measured of an agent's demand, so that a restart forgets none of it.
  `create table pool_demand (
    agent_id text primary key references agent(id),
    organization_id text not null references organization(id),
    arrival_rate double precision not null,
    measured_at text not null,
    start_ms_json text not null
  )`,
  `create table pool_decision (
    agent_id text not null references agent(id),
    number bigint not null,
    organization_id text not null references organization(id),
    decided_at text not null,
    target integer not null,
    reason text not null,
    inputs_json text not null,
    primary key (agent_id, number)
  )`,
  // Idempotency keys of starts.
  `create table start_key (
    organization_id text not null references organization(id),
    agent_id text not null references agent(id),
    start_key text not null,
    body_digest text not null,
    session_id text not null,
    expires_at text not null,
    primary key (organization_id, agent_id, start_key)
  )`,
  'create index start_key_expires on start_key (expires_at)',
];

/** Reuse of instances, what the pool has measured and decided, and idempotency keys of starts. */
export async function pool(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}
