import { type Kysely, sql } from 'kysely';

const statements = [
  'alter table session add column end_detail text',
  'alter table deployment add column session_crashes integer not null default 0',
];

/** Why the instance of a session ended is kept with it, and how often that ended sessions of a deployment in a row. */
export async function exitReasons(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}
