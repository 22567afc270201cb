import type { FastifyBaseLogger } from 'fastify';
import type { Store } from '../db/store.js';
import { createPeriodic } from '../periodic.js';
import type { Clock } from '../system.js';
import type { UploadService } from './upload-service.js';

interface BuildSweeperDeps {
  store: Store;
  clock: Clock;
  uploads: Pick<UploadService, 'sweep'>;
  log: Pick<FastifyBaseLogger, 'error'>;
  /** How long a successful build stays that no deployment needs and nobody asks for. */
  retentionDays: number;
  intervalMs?: number;
}

const dayMs = 86_400_000;

/**
 * Removes, at the start and every ten minutes, builds that nobody needs, their logs and contexts, and uploads that nobody made a build of.
 * Workers hear of it when they next say what they keep.
 */
export function createBuildSweeper(deps: BuildSweeperDeps) {
  const { store, clock, uploads, log, retentionDays, intervalMs = 600_000 } = deps;

  async function run(): Promise<void> {
    const now = clock.now();
    const before = (days: number) => new Date(now.getTime() - days * dayMs);
    // Of a build that failed only the log is of use, and not for long.
    await store.builds.removeUnneeded({
      unused: before(retentionDays),
      ended: before(Math.min(1, retentionDays)),
      now,
    });
    await store.builds.clearRemoved();
    await uploads.sweep();
  }

  return createPeriodic({
    run,
    intervalMs,
    onError: (err) => log.error({ err }, 'builds and uploads that nobody needs could not be removed'),
  });
}
