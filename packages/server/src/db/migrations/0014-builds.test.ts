import { sql } from 'kysely';
import { Migrator } from 'kysely/migration';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { databases, testAuditKey } from '../../testing/databases.js';
import { migrationProvider } from '../migrations.js';

describe.each(databases)('builds of before on $name', ({ openUnmigrated }) => {
  let opened: Awaited<ReturnType<typeof openUnmigrated>>;
  beforeEach(async () => {
    opened = await openUnmigrated();
  });
  afterEach(() => opened.drop());

  test('of the same files that are under way: the oldest goes on, the others have failed', async () => {
    const { db } = opened;
    const migrator = new Migrator({ db, provider: migrationProvider(testAuditKey) });
    expect((await migrator.migrateTo('0009-session-lists')).error).toBeUndefined();
    const build = (id: string, status: string, created: string, sha256 = 'x') =>
      `insert into build (id, organization_id, upload_id, region, context_hash, context_sha256, context_size_bytes, dockerfile_path, status,
         created_at, updated_at) values ('${id}', 'o', 'u', 'r', 'h', '${sha256}', 1, 'Dockerfile', '${status}', '${created}', '')`;
    for (const statement of [
      `insert into organization (id, name, verbose_name, default_region, created_at) values ('o', 'o', 'o', 'r', '')`,
      `insert into upload (id, organization_id, region, state, created_at, expires_at) values ('u', 'o', 'r', 'used', '', '')`,
      build('b1', 'building', '2026-05-04T10:00:01.000Z'),
      build('b2', 'pending', '2026-05-04T10:00:00.000Z'),
      build('b3', 'pending', '2026-05-04T10:00:00.000Z'),
      build('b4', 'pending', '2026-05-04T10:00:02.000Z', 'y'),
      build('b5', 'success', '2026-05-04T09:00:00.000Z'),
    ]) {
      await sql.raw(statement).execute(db);
    }
    expect((await migrator.migrateToLatest()).error).toBeUndefined();
    const builds = await db.selectFrom('build').select(['id', 'status']).orderBy('id').execute();
    expect(builds.map(({ status }) => status)).toEqual(['failed', 'pending', 'failed', 'pending', 'success']);
  });
});
