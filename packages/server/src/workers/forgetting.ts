import type { FastifyBaseLogger } from 'fastify';
import type { ConnectedWorker } from './worker-connection.js';

interface ForgettingDeps<T> {
  /** What is forgotten, as log lines call it: "a build". */
  what: string;
  /** Of what the worker has, what nobody needs. */
  unneededOf: (worker: ConnectedWorker, kept: readonly T[]) => Promise<readonly T[]>;
  forget: (workerId: string, one: T) => Promise<void>;
  log: Pick<FastifyBaseLogger, 'info' | 'warn' | 'error'>;
}

/** No worker has as much; what is beyond comes with the next message. */
const most = 20_000;

/**
 * Tells workers which of what they keep nobody needs: so nothing has to be remembered of what was removed while a worker was away, and what a
 * worker found of a lost life is cleaned up too. Workers say again and again what they keep.
 */
export function createForgetting<T>({ what, unneededOf, forget, log }: ForgettingDeps<T>) {
  const busy = new Set<string>();

  async function forgetAll(worker: ConnectedWorker, kept: readonly T[]): Promise<void> {
    const { workerId } = worker;
    for (const one of await unneededOf(worker, kept.slice(0, most))) {
      try {
        await forget(workerId, one);
        log.info({ workerId, forgotten: one }, `${what} was forgotten`);
      } catch (err) {
        // Something uses it, or the link broke: the next message names it again.
        log.warn({ err, workerId, kept: one }, `${what} could not be forgotten yet`);
      }
    }
  }

  /** What a worker says that it keeps. */
  return function keeps(worker: ConnectedWorker, kept: readonly T[]): void {
    const { workerId } = worker;
    if (busy.has(workerId)) return;
    busy.add(workerId);
    forgetAll(worker, kept)
      .catch((err) => log.error({ err, workerId }, `it could not be found out whether ${what} is needed no more`))
      .finally(() => busy.delete(workerId));
  };
}
