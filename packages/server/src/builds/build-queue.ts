import type { FastifyBaseLogger } from 'fastify';
import type { Store } from '../db/store.js';
import { createPeriodic } from '../periodic.js';
import type { StoredBuild } from './build-repository.js';
import type { BuildWorkers } from './builder.js';

interface BuildQueueDeps {
  store: Store;
  workers: BuildWorkers;
  log: Pick<FastifyBaseLogger, 'warn' | 'error'>;
  /** How often every open build is given to a worker again. */
  intervalMs?: number;
  /** How long a worker may take for one build. */
  timeoutSeconds?: number;
}

/**
 * Gives every build that is not finished to a worker, again and again until its end is reported: orders are idempotent, so it needs
 * no memory of its own, and a restart of either side loses nothing. A build without a worker stays pending.
 */
export function createBuildQueue({ store, workers, log, intervalMs = 5000, timeoutSeconds = 1800 }: BuildQueueDeps) {
  const underWay = new Set<string>();
  /** Builds whose trouble is in the log already; told once, not with every attempt. */
  const told = new Set<string>();

  async function give(build: StoredBuild): Promise<void> {
    const { id: buildId, organizationId, region, contextSha256, dockerfilePath } = build;
    try {
      await workers.build({ buildId, contextSha256, dockerfilePath, timeoutSeconds }, { organizationId, region });
      told.delete(buildId);
    } catch (err) {
      if (!told.has(buildId)) log.warn({ err, buildId }, 'build waits for a worker');
      told.add(buildId);
    } finally {
      underWay.delete(buildId);
    }
  }

  async function pass(): Promise<void> {
    const open = await store.builds.listOpen();
    const ids = new Set(open.map(({ id }) => id));
    for (const id of told) if (!ids.has(id)) told.delete(id);
    for (const build of open) {
      // One slow worker must not hold up the others, so nothing waits here.
      if (underWay.has(build.id)) continue;
      underWay.add(build.id);
      void give(build);
    }
  }

  return createPeriodic({ run: pass, intervalMs, onError: (err) => log.error({ err }, 'builds could not be read') });
}
export type BuildQueue = ReturnType<typeof createBuildQueue>;
