import type { Logger } from 'pino';
import type { Store } from '../db/store.js';
import type { WorkerChannel } from './worker-channel.js';

interface RevokedWorkersDeps {
  store: Pick<Store, 'workers'>;
  workers: Pick<WorkerChannel, 'scoped' | 'disconnect'>;
  log: Pick<Logger, 'error'>;
}

/** Cuts off workers whose region was deleted, here or by another control plane. To be called whenever access may have changed. */
export function createRevokedWorkers({ store, workers, log }: RevokedWorkersDeps) {
  let last = Promise.resolve();

  async function look(): Promise<void> {
    for (const workerId of await store.workers.revokedOf(workers.scoped())) workers.disconnect(workerId);
  }

  return {
    check(): void {
      if (workers.scoped().length === 0) return;
      last = last.then(look).catch((err: unknown) => log.error({ err }, 'revoked workers could not be looked for'));
    },
    /** Resolves when what was asked so far is done. */
    idle: () => last,
  };
}
export type RevokedWorkers = ReturnType<typeof createRevokedWorkers>;
