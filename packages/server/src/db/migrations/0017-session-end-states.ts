import { type Kysely, sql } from 'kysely';

const statements = [
  'alter table session add column end_state text',
  // As the reasons were called until now. Those of other versions are known to none.
  `update session set end_state = case
      when end_reason in ('completed', 'socket_closed') then 'completed'
      when end_reason in ('bot_failed', 'instance_exited', 'instance_lost') then 'agent_error'
      when end_reason in ('stopped', 'duration_exceeded') then 'terminated'
      when end_reason in ('connect_timeout', 'start_failed', 'start_abandoned') then 'ended_before_agent_start'
      when end_reason = 'start_timeout' then 'agent_start_timeout'
      else 'unknown' end
    where state = 'ended'`,
  // A list of one end state reads what it shows, and passes over nothing.
  `create index session_agent_end_state on session
    (agent_id, end_state, created_at, id, deployment_id, cold_start, start_ms) where end_state is not null`,
  'drop index session_agent_listed',
  // Without the end, which stands in the other: an end of a session does not write this one.
  'create index session_agent_listed on session (agent_id, created_at, id, deployment_id, cold_start, start_ms)',
];

/** What clients call the end of a session is kept with it, and lists of one such end have an index. */
export async function sessionEndStates(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}
