import type { FastifyBaseLogger } from 'fastify';
import type { Store } from '../db/store.js';
import type { Clock } from '../system.js';
import { createForgetting } from '../workers/forgetting.js';
import type { BuildWorkers } from './builder.js';

interface BuildForgettingDeps {
  store: Store;
  clock: Clock;
  workers: Pick<BuildWorkers, 'forget'>;
  log: Pick<FastifyBaseLogger, 'info' | 'warn' | 'error'>;
}

/** Tells workers which of the builds that they keep nobody needs. They say what they keep after each change and every minute. */
export function createBuildForgetting({ store, clock, workers, log }: BuildForgettingDeps) {
  return {
    /** What a worker says that it keeps. */
    keeps: createForgetting<string>({
      what: 'a build',
      log,
      forget: workers.forget,
      async unneededOf({ workerId, scope }, kept) {
        await store.workers.touch(workerId, clock.now());
        return await store.builds.unneededOf(kept, workerId, scope?.organizationId);
      },
    }),
    /** At once, because somebody waits for it to end; if it does not arrive, `keeps` comes to it. */
    forgetNow(workerId: string, buildId: string): void {
      workers.forget(workerId, buildId).catch(() => undefined);
    },
  };
}
export type BuildForgetting = ReturnType<typeof createBuildForgetting>;
