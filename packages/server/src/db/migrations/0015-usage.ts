import { type Kysely, sql } from 'kysely';

const statements = [
  // No foreign keys, here and below: a start or an end of a session waits for nobody's row. Rows are added, and a moment later made days of.
  `create table usage_stretch (
    id text primary key,
    organization_id text not null,
    agent_id text not null,
    kind text not null,
    began_at text not null,
    ended_at text not null
  )`,
  'create index usage_stretch_organization on usage_stretch (organization_id)',
  // It outlives its agent.
  `create table usage_day (
    organization_id text not null,
    agent_id text not null,
    day text not null,
    session_ms bigint not null,
    idle_ms bigint not null,
    sessions integer not null,
    primary key (organization_id, day, agent_id)
  )`,
  // For what lets go of old days.
  'create index usage_day_day on usage_day (day)',
];

/** Minutes that instances were in use or kept warm, by agent and day. */
export async function usage(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
  await sql`insert into setting (name, value) values ('usage-counted-since', ${new Date().toISOString()})`.execute(db);
}
