import pg from 'pg';
import type { Logger } from 'pino';
import { endClient } from '../db/end-client.js';
import { accessChannel } from '../db/store.js';
import type { AccessCache } from './access-cache.js';

interface AccessListenerDeps {
  url: string;
  cache: Pick<AccessCache, 'evict' | 'setUsable'>;
  log: Logger;
  /** How often the connection is asked for a sign of life, and how long it may take to give one. */
  heartbeatMs?: number;
  retryMs?: number;
}

/**
 * Hears of changes that other control planes make, over a PostgreSQL connection of its own. The cache is usable only while that
 * connection answers: a change that cannot be heard of must not be missed.
 */
export function createAccessListener({ url, cache, log, heartbeatMs = 1_000, retryMs = 500 }: AccessListenerDeps) {
  let client: pg.Client | undefined;
  let timer: NodeJS.Timeout | undefined;
  let closed = false;
  cache.setUsable(false);

  function lost(which: pg.Client, err?: unknown): void {
    if (client !== which) return;
    client = undefined;
    clearTimeout(timer);
    cache.setUsable(false);
    // Ends the socket too: a connection that hangs would never answer a goodbye.
    which.connection.stream.destroy();
    if (closed) return;
    log.warn(
      { err },
      'the connection that tells of access changes is lost; every check asks the database until it is back',
    );
    timer = setTimeout(connect, retryMs);
  }

  /** A query that gets no answer in time means a connection that is dead without saying so. */
  function heartbeat(which: pg.Client): void {
    timer = setTimeout(() => {
      const deadline = setTimeout(() => lost(which, new Error('no answer in time')), heartbeatMs);
      which.query('select 1').then(
        () => {
          clearTimeout(deadline);
          if (client === which && !closed) heartbeat(which);
        },
        (err: unknown) => {
          clearTimeout(deadline);
          lost(which, err);
        },
      );
    }, heartbeatMs);
  }

  function connect(): void {
    if (closed) return;
    const next = new pg.Client({
      ...{ connectionString: url, application_name: 'pipecat-cloud-access', keepAlive: true },
      // One that takes the connection and says nothing is given up too.
      connectionTimeoutMillis: 10 * heartbeatMs,
      query_timeout: 10 * heartbeatMs,
    });
    client = next;
    next.on('notification', () => cache.evict());
    next.on('error', (err) => lost(next, err));
    next.on('end', () => lost(next));
    next
      .connect()
      .then(() => next.query(`listen ${accessChannel}`))
      .then(
        () => {
          if (client !== next || closed) return;
          cache.setUsable(true);
          heartbeat(next);
        },
        (err: unknown) => lost(next, err),
      );
  }

  return {
    start: connect,
    async close(): Promise<void> {
      closed = true;
      clearTimeout(timer);
      cache.setUsable(false);
      if (client) await endClient(client);
    },
  };
}
export type AccessListener = ReturnType<typeof createAccessListener>;
