import { type Kysely, sql } from 'kysely';

const statements = [
  // A bit for each permission, by its place in the table of permissions.
  'alter table token add column used_permissions integer not null default 0',
  // Null where it was counted from the beginning.
  'alter table token add column use_counted_since text',
];

/** Which of its permissions a token has really used. */
export async function tokenPermissions(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
  await sql`update token set use_counted_since = ${new Date().toISOString()}`.execute(db);
}
