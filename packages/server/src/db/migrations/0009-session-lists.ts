import { type Kysely, sql } from 'kysely';

/** Milliseconds of the day of an ISO time; both databases read it. */
const ofDay = (column: string) =>
  [
    `cast(substr(${column}, 12, 2) as integer) * 3600000`,
    `cast(substr(${column}, 15, 2) as integer) * 60000`,
    `cast(substr(${column}, 18, 2) as integer) * 1000`,
    `cast(substr(${column}, 21, 3) as integer)`,
  ].join(' + ');

const statements = [
  'alter table session add column start_ms bigint',
  // No start takes a day, so the difference within one says it all.
  `update session set start_ms = ((${ofDay('activated_at')}) - (${ofDay('created_at')}) + 86400000) % 86400000
    where activated_at is not null`,
  'drop index session_agent',
  // Holds whatever a list is sifted by, so that only the rows of the page are read.
  `create index session_agent_listed on session
    (agent_id, created_at, id, deployment_id, cold_start, end_reason, start_ms)`,
  "create index session_agent_open on session (agent_id, created_at, id) where state <> 'ended'",
  // Which agents the reconciler has to look at.
  'create index slot_state on slot (state, agent_id)',
  `create table session_tally (
    organization_id text not null references organization(id),
    agent_id text not null references agent(id),
    deployment_id text not null,
    end_reason text not null,
    cold_start integer not null,
    count bigint not null,
    primary key (agent_id, deployment_id, end_reason, cold_start)
  )`,
  `insert into session_tally (organization_id, agent_id, deployment_id, end_reason, cold_start, count)
    select organization_id, agent_id, deployment_id, coalesce(end_reason, 'unknown'), coalesce(cold_start, -1), count(*)
    from session where state = 'ended'
    group by organization_id, agent_id, deployment_id, coalesce(end_reason, 'unknown'), coalesce(cold_start, -1)`,
];

/** Lists of sessions stay quick however many there are. */
export async function sessionLists(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}
