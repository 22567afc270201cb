import type { FastifyBaseLogger } from 'fastify';
import type { Store } from '../db/store.js';
import type { Clock } from '../system.js';
import type { WorkerScope } from '../workers/worker-repository.js';
import type { BuildWorkers } from './builder.js';

interface BuildForgettingDeps {
  store: Store;
  clock: Clock;
  workers: Pick<BuildWorkers, 'forget'>;
  log: Pick<FastifyBaseLogger, 'info' | 'warn' | 'error'>;
}

/** No worker has as many; what is beyond comes with the next message. */
const mostIds = 20_000;

/**
 * Tells workers which of the builds that they keep nobody needs: so nothing has to be remembered of builds that were cancelled or removed while
 * a worker was away, and what a worker found of a lost life is cleaned up too. Workers say what they keep after each change and every minute.
 */
export function createBuildForgetting({ store, clock, workers, log }: BuildForgettingDeps) {
  const busy = new Set<string>();

  async function forgetAll(workerId: string, scope: WorkerScope | undefined, kept: readonly string[]): Promise<void> {
    await store.workers.touch(workerId, clock.now());
    for (const buildId of await store.builds.unneededOf(kept.slice(0, mostIds), workerId, scope?.organizationId)) {
      try {
        await workers.forget(workerId, buildId);
        log.info({ workerId, buildId }, 'a build was forgotten');
      } catch (err) {
        // An instance uses it, or the link broke: the next message names it again.
        log.warn({ err, workerId, buildId }, 'a build could not be forgotten yet');
      }
    }
  }

  return {
    /** What a worker says that it keeps. */
    keeps({ workerId, scope }: { workerId: string; scope: WorkerScope | undefined }, kept: readonly string[]): void {
      if (busy.has(workerId)) return;
      busy.add(workerId);
      forgetAll(workerId, scope, kept)
        .catch((err) => log.error({ err, workerId }, 'builds that nobody needs could not be found out'))
        .finally(() => busy.delete(workerId));
    },
    /** At once, because somebody waits for it to end; if it does not arrive, `keeps` comes to it. */
    forgetNow(workerId: string, buildId: string): void {
      workers.forget(workerId, buildId).catch(() => undefined);
    },
  };
}
export type BuildForgetting = ReturnType<typeof createBuildForgetting>;
