import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { openDatabase } from '../db/open.js';
import { administer, testAuditKey, withDatabase } from './databases.js';

let remove = async () => {};

/**
 * Runs once before the tests of a run: migrates one database of each kind, which those of the tests are copied from. The places
 * stand in the environment; a run without them migrates each database by itself.
 */
export async function setup(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'pipecat-cloud-template-'));
  const file = join(folder, 'migrated.db');
  const sqlite = await openDatabase({ dialect: 'sqlite', file }, testAuditKey);
  // A copy in memory can't be opened in the other mode, and a copy in a file changes back to it.
  await sql`pragma journal_mode = delete`.execute(sqlite.db);
  await sqlite.db.destroy();
  process.env.PIPECAT_CLOUD_TEST_SQLITE_TEMPLATE = file;

  const server = process.env.PIPECAT_CLOUD_TEST_POSTGRES_URL;
  const name = `template_${randomBytes(8).toString('hex')}`;
  if (server) {
    await administer(server, `create database ${name}`);
    const { db } = await openDatabase({ dialect: 'postgres', url: withDatabase(server, name) }, testAuditKey);
    const asked = sql<{ version: number }>`select current_setting('server_version_num')::int as version`;
    const version = (await asked.execute(db)).rows[0]?.version ?? 0;
    await db.destroy();
    // By files, as all did before version 15: block by block through the log takes twice as long.
    process.env.PIPECAT_CLOUD_TEST_POSTGRES_COPY = `template ${name}${version < 150_000 ? '' : ' strategy file_copy'}`;
  }
  remove = async () => {
    await rm(folder, { recursive: true, force: true });
    if (server) await administer(server, `drop database ${name} with (force)`);
  };
}

export const teardown = () => remove();
