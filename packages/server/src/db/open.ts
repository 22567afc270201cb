import { chmod } from 'node:fs/promises';
import Database from 'better-sqlite3';
import { Kysely, PostgresDialect, type PostgresPool, SqliteDialect } from 'kysely';
import { Migrator } from 'kysely/migration';
import pg from 'pg';
import type { Config } from '../config/config.js';
import { DatabaseAway } from '../errors.js';
import { migrationProvider } from './migrations.js';
import { PatientSqliteDialect } from './patient-sqlite.js';
import type { Schema } from './schema.js';

export type Dialect = 'sqlite' | 'postgres';
export interface OpenDatabase {
  db: Kysely<Schema>;
  dialect: Dialect;
  /** `auditKeyOf(keys)`. Without it, nothing that leaves an audit record can be changed. */
  auditKey?: Buffer;
}

const patienceMs = 10_000;
/** No transaction waits for so long between two statements, unless who began it is gone. */
const abandonedMs = 30_000;
/** A peer that is gone without a word is found out within about ten seconds, by either side: what it held is free then. */
const quietMs = 4_000;
const keepAlive = `-c tcp_keepalives_idle=${quietMs / 1000} -c tcp_keepalives_interval=2 -c tcp_keepalives_count=3`;

// Both dialects give numbers; ours stay far below 2^53.
pg.types.setTypeParser(pg.types.builtins.INT8, Number);

/** Opens and migrates. A migration runs whole or not at all; two processes that start at once wait for each other. */
export async function openDatabase(config: Config['database'], auditKey?: Buffer): Promise<OpenDatabase> {
  const opened = await openUnmigrated(config);
  const { error } = await new Migrator({ db: opened.db, provider: migrationProvider(auditKey) }).migrateToLatest();
  if (error) {
    await opened.db.destroy();
    throw new Error(`The database could not be brought up to date: ${error instanceof Error ? error.message : error}`, {
      cause: error,
    });
  }
  return auditKey ? { ...opened, auditKey } : opened;
}

/** For writing, but as it is: tests of a migration begin with it. */
export async function openUnmigrated(config: Config['database']): Promise<OpenDatabase> {
  return config.dialect === 'sqlite' ? await openSqlite(config.file) : openPostgres(config.url);
}

/** As it is: nothing is made, changed or migrated. */
export function openForReading(config: Config['database']): OpenDatabase {
  if (config.dialect === 'postgres') return openPostgres(config.url);
  const database = new Database(config.file, { readonly: true, fileMustExist: true });
  return { db: new Kysely<Schema>({ dialect: new SqliteDialect({ database }) }), dialect: 'sqlite' };
}

async function openSqlite(file: string): Promise<OpenDatabase> {
  const database = new Database(file);
  if (file !== ':memory:') await chmod(file, 0o600);
  return onSqlite(database);
}

/** On a connection of our own making. */
export function onSqlite(database: Database.Database): OpenDatabase {
  database.pragma('journal_mode = WAL');
  // An acknowledged change survives a power failure.
  database.pragma('synchronous = FULL');
  database.pragma('foreign_keys = ON');
  // Pages are read where the system has them instead of being copied for each query; 2 GiB is what SQLite maps at most. It writes as
  // it does without.
  database.pragma('mmap_size = 2147418112');
  // Locks are waited for by the dialect.
  database.pragma('busy_timeout = 0');
  return {
    db: new Kysely<Schema>({ dialect: new PatientSqliteDialect({ database: withStatementCache(database) }) }),
    dialect: 'sqlite',
  };
}

/** Kysely prepares each statement again; keeping them makes a query about twice as fast. */
function withStatementCache(database: Database.Database) {
  const statements = new Map<string, Database.Statement>();
  return {
    prepare(text: string) {
      let statement = statements.get(text);
      if (!statement) {
        statement = database.prepare(text);
        if (statements.size > 1000) statements.clear();
        statements.set(text, statement);
      }
      return statement;
    },
    close: () => database.close(),
  };
}

function openPostgres(url: string): OpenDatabase {
  const pool = new pg.Pool({
    connectionString: url,
    max: 10,
    application_name: 'pipecat-cloud',
    // Nobody waits for ever for a lock, for a connection, or for a server that is not there.
    lock_timeout: patienceMs,
    connectionTimeoutMillis: patienceMs,
    idle_in_transaction_session_timeout: abandonedMs,
    options: keepAlive,
    keepAlive: true,
    keepAliveInitialDelayMillis: quietMs,
  });
  // An idle connection that breaks is replaced at the next query; without a listener it would end the process.
  pool.on('error', () => {});
  return { db: new Kysely<Schema>({ dialect: new PostgresDialect({ pool: explained(pool) }) }), dialect: 'postgres' };
}

/**
 * What Kysely needs of the pool. The driver's own error for a server that is away looks like that of any other connection.
 * Not an object with the pool as its prototype: ending that would wait for ever for connections which the pool itself keeps.
 */
function explained(pool: pg.Pool): PostgresPool {
  return {
    options: pool.options,
    connect: () => pool.connect().catch((cause: unknown) => Promise.reject(new DatabaseAway(cause))),
    end: () => pool.end(),
  };
}
