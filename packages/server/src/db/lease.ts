import pg from 'pg';
import type { Logger } from 'pino';
import type { Config } from '../config/config.js';
import { endClient } from './end-client.js';

/** Whether this process is the one of several on the same database that runs the agents. */
export interface Lease {
  /** May be false at any moment: ask before each thing that only one may do. */
  held(): boolean;
  /** Resolves with the first answer, yes or no. */
  start(): Promise<void>;
  /** Gives it up, so that another has it at once. */
  close(): Promise<void>;
}

interface LeaseDeps {
  database: Config['database'];
  log: Logger;
  onHeld: () => void;
  /** Another process has it. */
  onLost: () => void;
  /** How often it is asked for, and the connection for a sign of life; and how long an answer may take. */
  intervalMs?: number;
  deadlineMs?: number;
}

/** Identifies the lease among advisory locks of the database. */
const lockKey = 7_400_001;

/** SQLite has one process, which has the lease; PostgreSQL gives it to one of those that ask. */
export function createLease(deps: LeaseDeps): Lease {
  const { database } = deps;
  if (database.dialect === 'postgres') return createPostgresLease({ ...deps, url: database.url });
  return { held: () => true, start: async () => deps.onHeld(), close: async () => {} };
}

/**
 * An advisory lock on a connection of its own. A row with a time in it would have to be waited out after a crash, and would hang on
 * two clocks; this is free as soon as the server sees the connection end, which it is made to look for.
 */
function createPostgresLease(deps: LeaseDeps & { url: string }): Lease {
  const { url, log, onHeld, onLost, intervalMs = 1_000, deadlineMs = 3_000 } = deps;
  let client: pg.Client | undefined;
  let timer: NodeJS.Timeout | undefined;
  let held = false;
  let closed = false;

  function drop(which: pg.Client, err?: unknown): void {
    if (client !== which) return;
    client = undefined;
    held = false;
    clearTimeout(timer);
    which.connection.stream.destroy();
    if (closed) return;
    log.warn(
      { err },
      'the connection that holds the lease of this control plane is lost; nothing is started until it is back',
    );
    timer = setTimeout(() => void connect(), intervalMs);
  }

  async function inTime<T>(work: Promise<T>): Promise<T> {
    let late: NodeJS.Timeout | undefined;
    const deadline = new Promise<never>((_, reject) => {
      late = setTimeout(() => reject(new Error('no answer in time')), deadlineMs);
    });
    return await Promise.race([work, deadline]).finally(() => clearTimeout(late));
  }

  /** Asked for while another has it; once held, the question only shows that the connection lives. */
  async function round(which: pg.Client): Promise<void> {
    const query = held ? 'select true as mine' : `select pg_try_advisory_lock(${lockKey}) as mine`;
    const { rows } = await inTime(which.query<{ mine: boolean }>(query));
    // What was asked before closing may be answered after it.
    if (client !== which || closed) return;
    const mine = rows[0]?.mine === true;
    if (mine && !held) {
      held = true;
      log.info('this control plane runs the agents');
      onHeld();
    }
    if (!mine) onLost();
    timer = setTimeout(() => void round(which).catch((err: unknown) => drop(which, err)), intervalMs);
  }

  async function connect(): Promise<void> {
    if (closed) return;
    const next = new pg.Client({
      ...{ connectionString: url, application_name: 'pipecat-cloud-lease', keepAlive: true },
      // A machine that vanished says no goodbye: the server asks whether it is there and lets go within ten seconds.
      options: '-c tcp_keepalives_idle=4 -c tcp_keepalives_interval=2 -c tcp_keepalives_count=3',
    });
    client = next;
    next.on('error', (err) => drop(next, err));
    next.on('end', () => drop(next));
    try {
      await inTime(next.connect());
      await round(next);
    } catch (err) {
      drop(next, err);
    }
  }

  return {
    held: () => held,
    start: connect,
    async close(): Promise<void> {
      closed = true;
      held = false;
      clearTimeout(timer);
      if (client) await endClient(client);
    },
  };
}
