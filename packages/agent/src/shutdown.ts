import type { Server } from 'node:http';
import type { Log } from './log.js';
import type { RunningSession, Sessions } from './sessions.js';

export interface ShutdownDeps {
  readonly server: Server;
  readonly sessions: Sessions;
  readonly log: Log;
  readonly timeoutSeconds: number;
  readonly exit: (code: number) => void;
}

/** Time for a bot to return once it was told to, and for the last answers to be sent. */
const GRACE_MS = 5000;
const FLUSH_MS = 1000;
const IDLE_CHECK_MS = 20;

/**
 * Makes SIGTERM and SIGINT end the process with code 0: at once when idle, after the session or the timeout when
 * busy, and at once on a second signal (contract §9.6).
 */
export function installShutdown({ server, sessions, log, timeoutSeconds, exit }: ShutdownDeps) {
  let draining = false;

  async function drain(session: RunningSession): Promise<void> {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    log.info(`Shutting down when the session ends, in ${timeoutSeconds} s at the latest`);
    const ended = await withDeadline(session.done, timeoutSeconds * 1000);
    if (!ended) {
      log.warning('The shutdown timeout has passed: telling the bot to stop');
      session.stop('Shutdown timeout passed');
      await withDeadline(session.done, GRACE_MS);
    }
    // The answer to /bot and the closing handshake are still under way; a connection kept alive is not worth waiting for.
    const closing = setInterval(() => server.closeIdleConnections(), IDLE_CHECK_MS);
    await withDeadline(closed, FLUSH_MS);
    clearInterval(closing);
    exit(0);
  }

  function onSignal(): void {
    const session = sessions.current;
    if (draining || !session) {
      exit(0);
      return;
    }
    draining = true;
    void drain(session);
  }

  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
  return { draining: () => draining };
}

/** True when `work` settles within `ms`. */
function withDeadline(work: Promise<unknown>, ms: number): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), Math.min(ms, 2_147_483_647));
    void work.finally(() => {
      clearTimeout(timer);
      resolve(true);
    });
  });
}
