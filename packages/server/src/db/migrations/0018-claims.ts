import { type Kysely, sql } from 'kysely';

const statements = [
  // The idle instance that a session is given stands first in it. Whatever the one before answered, this one does.
  'create index slot_claim on slot (agent_id, state, deployment_id, changed_at)',
  'drop index slot_agent',
];

/** A claim finds its slot in an index instead of sorting all that are idle. */
export async function claims(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}
