import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import Database from 'better-sqlite3';
import { sql } from 'kysely';
import pg from 'pg';
import { type OpenDatabase, onSqlite, openDatabase, openUnmigrated } from '../db/open.js';

/** Seals the audit chains of every test database. */
export const testAuditKey = Buffer.alloc(32, 3);

export interface TestDatabase {
  name: string;
  open(): Promise<OpenDatabase & { drop(): Promise<void> }>;
  /** Empty, for tests of migrations. */
  openUnmigrated(): Promise<OpenDatabase & { drop(): Promise<void> }>;
}

/** Set by `npm test`, which starts a throw-away server where the machine has PostgreSQL and says so by name where it has not. */
const postgresUrl = process.env.PIPECAT_CLOUD_TEST_POSTGRES_URL;
/** Copying what `templates.ts` has migrated for this run takes a fraction of migrating. How `create database` copies it, and a file. */
const postgresCopy = process.env.PIPECAT_CLOUD_TEST_POSTGRES_COPY;
const sqliteTemplate = process.env.PIPECAT_CLOUD_TEST_SQLITE_TEMPLATE;

/** Every store test runs on each of these: `describe.each(databases)`. */
export const databases: readonly TestDatabase[] = [
  { name: 'SQLite', open: openMemory, openUnmigrated: async () => inMemory(await openUnmigrated(memory)) },
  ...(postgresUrl
    ? [
        {
          name: 'PostgreSQL',
          open: () => openScratch(postgresUrl, migrated, postgresCopy),
          openUnmigrated: () => openScratch(postgresUrl, openUnmigrated, undefined),
        },
      ]
    : []),
];

/** The same, for whole servers: `url` is undefined where the server makes its own SQLite file. */
export const scratchDatabases: readonly { name: string; create(): Promise<{ url?: string; drop(): Promise<void> }> }[] =
  [
    { name: 'SQLite', create: async () => ({ drop: async () => {} }) },
    ...(postgresUrl ? [{ name: 'PostgreSQL', create: () => createScratch(postgresUrl, postgresCopy) }] : []),
  ];

type Open = typeof openUnmigrated;
const migrated: Open = (config) => openDatabase(config, testAuditKey);

const memory = { dialect: 'sqlite', file: ':memory:' } as const;
const inMemory = (opened: OpenDatabase) => ({ ...opened, drop: () => opened.db.destroy() });

async function openMemory() {
  if (!sqliteTemplate) return inMemory(await migrated(memory));
  const opened = onSqlite(new Database(await readFile(sqliteTemplate)));
  // As after a migration: Kysely can't close what was never used.
  await sql`select 1`.execute(opened.db);
  return inMemory({ ...opened, auditKey: testAuditKey });
}

async function openScratch(server: string, open: Open, copy: string | undefined) {
  const { url, drop } = await createScratch(server, copy);
  const opened = await open({ dialect: 'postgres', url });
  return {
    ...opened,
    drop: async () => {
      await opened.db.destroy();
      await drop();
    },
  };
}

async function createScratch(
  server: string,
  copy: string | undefined,
): Promise<{ url: string; drop(): Promise<void> }> {
  const name = `test_${randomBytes(8).toString('hex')}`;
  await administer(server, `create database ${name} ${copy ?? ''}`);
  return { url: withDatabase(server, name), drop: () => administer(server, `drop database ${name} with (force)`) };
}

/** The URL of another database of the same server. */
export function withDatabase(server: string, name: string): string {
  return Object.assign(new URL(server), { pathname: `/${name}` }).href;
}

/** Kept for the next statement: to connect takes as long as most of them. */
const administrators = new Map<string, pg.Pool>();

/** One statement that concerns a server as a whole. */
export async function administer(url: string, statement: string): Promise<void> {
  let pool = administrators.get(url);
  if (!pool) {
    pool = new pg.Pool({ connectionString: url, max: 2, allowExitOnIdle: true });
    // The server may end before it.
    pool.on('error', () => undefined);
    administrators.set(url, pool);
  }
  await pool.query(statement);
}
