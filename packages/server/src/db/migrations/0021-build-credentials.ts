import { type Kysely, sql } from 'kysely';

const statements = [
  'alter table build add column image_pull_secret_set text',
  'drop index build_one_under_way',
  `create unique index build_one_under_way on build (organization_id, region, context_sha256, dockerfile_path, coalesce(secret_set, ''),
    coalesce(image_pull_secret_set, '')) where status in ('pending', 'building')`,
];

/** What the base images of a build are pulled with, which makes it another build than one without. */
export async function buildCredentials(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}
