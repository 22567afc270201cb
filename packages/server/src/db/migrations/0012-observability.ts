import { type Kysely, sql } from 'kysely';

const statements = [
  // What an ended session has used, in one row; the samples of one that runs stand in session_usage. No foreign keys here and
  // below: rows come in batches a moment after the fact, and go with their session by hand.
  `create table session_metrics (
    session_id text primary key,
    metrics_json text not null
  )`,
  `create table session_trace (
    session_id text primary key,
    trace_json text not null
  )`,
  `create table log_retention (
    agent_id text primary key references agent(id),
    organization_id text not null references organization(id),
    days integer,
    megabytes integer,
    updated_at text not null
  )`,
  // Those whose history is to be removed.
  'create index agent_deleted on agent (id) where deleted_at is not null',
];

/** Metrics and start traces of sessions, and how long logs are kept. */
export async function observability(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}
