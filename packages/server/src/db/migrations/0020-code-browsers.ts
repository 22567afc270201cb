import { type Kysely, sql } from 'kysely';

/** E-mail codes are bound to who asked for them: guesses of others count on none of theirs. */
export async function codeBrowsers(db: Kysely<unknown>): Promise<void> {
  await sql.raw('alter table one_time_code add column bound_to text').execute(db);
}
