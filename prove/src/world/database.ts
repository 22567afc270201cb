import { execFile } from 'node:child_process';
import { copyFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { promisify } from 'node:util';
import pg from 'pg';
import { script } from './paths.js';
import { pause } from './wait.js';

export type DatabaseKind = 'sqlite' | 'postgres';

/** The database of an installation, and what can be done to it from outside. */
export interface ProvenDatabase {
  kind: DatabaseKind;
  /** What the control plane is configured with. */
  env: Record<string, string>;
  config: { dialect: 'sqlite'; file: string } | { dialect: 'postgres'; url: string };
  /**
   * Nobody else can write, or on PostgreSQL use the tables of sessions, until the signal aborts or so long has passed. `begun` is called
   * once it is so.
   */
  lock(ms: number, signal?: AbortSignal, begun?: () => void): Promise<void>;
  /** Ends the server as a crash would and starts it again; undefined where there is none. */
  restart: (() => Promise<void>) | undefined;
  /** Keeps a copy. */
  backup(): Promise<void>;
  /** Puts it in the place of what is there; no control plane may run meanwhile. */
  restore(): Promise<void>;
  close(): Promise<void>;
}

export function openSqlite(dataDir: string): ProvenDatabase {
  const file = join(dataDir, 'pipecat-cloud.db');
  const copy = join(dataDir, '..', 'backup.db');
  return {
    kind: 'sqlite',
    env: {},
    config: { dialect: 'sqlite', file },
    async lock(ms, signal, begun) {
      const database = new DatabaseSync(file, { timeout: 60_000 });
      try {
        database.exec('begin exclusive');
        begun?.();
        await pause(ms, signal);
      } finally {
        database.close();
      }
    },
    restart: undefined,
    async backup() {
      rmSync(copy, { force: true });
      const database = new DatabaseSync(file, { timeout: 5_000 });
      database.exec(`vacuum into '${copy}'`);
      database.close();
    },
    async restore() {
      for (const name of [file, `${file}-wal`, `${file}-shm`]) rmSync(name, { force: true });
      copyFileSync(copy, file);
    },
    close: async () => undefined,
  };
}

interface StartedPostgres {
  url: string;
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** A server of its own, with the machine's programs. Throws where it has none. */
export async function openPostgres(folder: string): Promise<ProvenDatabase> {
  const { startPostgres } = (await script('postgres.mjs')) as {
    startPostgres(): Promise<StartedPostgres | { reason: string }>;
  };
  const { findPostgresBin } = (await script('programs.mjs')) as { findPostgresBin(): string | undefined };
  const server = await startPostgres();
  if ('reason' in server) throw new Error(server.reason);
  const { url } = server;
  const copy = join(folder, 'backup.dump');
  const { hostname, port, username, password } = new URL(url);
  const env = { PATH: process.env.PATH, PGHOST: hostname, PGPORT: port, PGUSER: username, PGPASSWORD: password };
  const tool = async (name: string, args: string[]) => {
    await promisify(execFile)(join(findPostgresBin() ?? '', name), args, { env });
  };
  return {
    kind: 'postgres',
    env: { PIPECAT_CLOUD_DATABASE_URL: url },
    config: { dialect: 'postgres', url },
    async lock(ms, signal, begun) {
      const client = new pg.Client({ connectionString: url });
      client.on('error', () => undefined); // The server may be restarted meanwhile.
      await client.connect();
      try {
        await client.query('begin; lock table slot, session in access exclusive mode');
        begun?.();
        await pause(ms, signal);
      } finally {
        await client.end();
      }
    },
    restart: server.restart,
    backup: () => tool('pg_dump', ['--format=custom', `--file=${copy}`]),
    restore: () => tool('pg_restore', ['--clean', '--if-exists', '--single-transaction', '--dbname=postgres', copy]),
    close: server.stop,
  };
}
