import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import type { Audit } from '../audit/audit-service.js';
import type { Config } from '../config/config.js';
import type { Keys } from '../config/keys.js';
import type { Store } from '../db/store.js';
import type { Leaks } from '../leaks/compose-leaks.js';
import type { Regions } from '../regions/regions.js';
import type { Clock, Ids } from '../system.js';
import type { WorkerChannel } from '../workers/worker-channel.js';
import { createBuildQueue } from './build-queue.js';
import { buildRoutes } from './build-routes.js';
import { createBuildService } from './build-service.js';
import { createUploadStore } from './create-upload-store.js';
import { uploadRoutes } from './upload-routes.js';
import { createUploadService } from './upload-service.js';
import { createUploadSweeper } from './upload-sweeper.js';
import { workerBuildRoutes } from './worker-build-routes.js';

interface BuildsDeps {
  config: Config;
  keys: Keys;
  store: Store;
  clock: Clock;
  ids: Ids;
  audit: Audit;
  log: Logger;
  regions: Regions;
  leaks: Leaks;
  workers: Pick<WorkerChannel, 'pick' | 'command'>;
}

/** From a context that is uploaded to a build that a worker made of it. */
export function composeBuilds(deps: BuildsDeps) {
  const { config, keys, store, log, regions, workers } = deps;
  const files = createUploadStore(config, log);
  const uploads = createUploadService({
    ...deps,
    uploads: files,
    signingKey: keys.signing,
    publicUrl: config.publicUrl,
  });
  const queue = createBuildQueue({
    store,
    log,
    workers: {
      async build(order, { organizationId, region }) {
        const workerId = workers.pick({ scope: await regions.scopeOf(organizationId, region) });
        if (!workerId) throw new Error('No worker of the region is connected');
        await workers.command(workerId, { do: 'build', order });
      },
    },
  });
  const builds = createBuildService({ ...deps, files, uploads, queue });
  const sweeper = createUploadSweeper({ uploads, log });

  return {
    builds,
    uploads,
    /** Gives open builds out again: a worker has come or gone. */
    nudge: queue.nudge,
    async register(http: FastifyInstance): Promise<void> {
      await http.register(buildRoutes, { builds, uploads });
      await http.register(uploadRoutes, { uploads });
      await http.register(workerBuildRoutes, { builds });
    },
    start(): void {
      queue.start();
      sweeper.start();
    },
    async close(): Promise<void> {
      await sweeper.close();
      await queue.close();
    },
  };
}
