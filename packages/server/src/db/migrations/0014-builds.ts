import { type Kysely, sql } from 'kysely';

const statements = [
  // No foreign key: a build outlives the worker that made it.
  'alter table build add column worker_id text',
  'alter table build add column secret_set text',
  'alter table build add column image_size_bytes bigint',
  // Last time that somebody wanted it: null for when it ended.
  'alter table build add column used_at text',
  'alter table build add column removed_at text',
  // Of the same files only one build is under way. Where there are several from before, the oldest goes on.
  `update build set status = 'failed', error_message = 'Another build of the same files was under way' where status in ('pending', 'building')
    and exists (select 1 from build other where other.status in ('pending', 'building') and other.id <> build.id
      and other.organization_id = build.organization_id and other.region = build.region and other.context_sha256 = build.context_sha256
      and other.dockerfile_path = build.dockerfile_path
      and (other.created_at < build.created_at or (other.created_at = build.created_at and other.id < build.id)))`,
  `create unique index build_one_under_way on build (organization_id, region, context_sha256, dockerfile_path, coalesce(secret_set, ''))
    where status in ('pending', 'building')`,
  'create index build_upload on build (upload_id)',
  'create index deployment_build on deployment (build_id)',
];

/** Who makes a build, with which secrets, how large it became, and when it may go. */
export async function builds(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}
