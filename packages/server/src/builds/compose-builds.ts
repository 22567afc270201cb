import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import type { Audit } from '../audit/audit-service.js';
import type { Config } from '../config/config.js';
import type { Keys } from '../config/keys.js';
import type { Store } from '../db/store.js';
import type { Leaks } from '../leaks/compose-leaks.js';
import type { Regions } from '../regions/regions.js';
import type { SecretService } from '../secrets/secret-service.js';
import type { Clock, Ids } from '../system.js';
import type { WorkerChannel } from '../workers/worker-channel.js';
import { createBuildForgetting } from './build-forgetting.js';
import { createBuildQueue } from './build-queue.js';
import { buildRoutes } from './build-routes.js';
import { createBuildService } from './build-service.js';
import { createBuildSweeper } from './build-sweeper.js';
import type { BuildWorkers } from './builder.js';
import { createUploadStore } from './create-upload-store.js';
import { uploadRoutes } from './upload-routes.js';
import { createUploadService } from './upload-service.js';
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
  secrets: Pick<SecretService, 'readiness' | 'secretsOf' | 'registryOf'>;
  workers: Pick<WorkerChannel, 'pick' | 'isConnected' | 'command'>;
}

/** From a context that is uploaded to a build that a worker made of it. */
export function composeBuilds(deps: BuildsDeps) {
  const { config, keys, store, clock, log, regions, secrets, workers } = deps;
  const files = createUploadStore(config, log);
  const uploads = createUploadService({
    ...deps,
    uploads: files,
    signingKey: keys.signing,
    publicUrl: config.publicUrl,
    unusedLimitBytes: config.builds.unusedUploadBytes,
  });
  const makers: BuildWorkers = {
    pick: async ({ organizationId, region }) => workers.pick({ scope: await regions.scopeOf(organizationId, region) }),
    isConnected: workers.isConnected,
    build: (workerId, order) => workers.command(workerId, { do: 'build', order }),
    forget: (workerId, buildId) => workers.command(workerId, { do: 'forget-build', buildId }),
  };
  const queue = createBuildQueue({
    store,
    clock,
    log,
    workers: makers,
    secretsOf: (organizationId, name) => secrets.secretsOf(organizationId, name),
    registryOf: (organizationId, name) => secrets.registryOf(organizationId, name),
    timeoutSeconds: config.builds.timeoutSeconds,
  });
  const forgetting = createBuildForgetting({ store, clock, log, workers: makers });
  const builds = createBuildService({ ...deps, files, uploads, queue, forgetNow: forgetting.forgetNow });
  const { retentionDays } = config.builds;
  const sweeper = createBuildSweeper({ store, clock, uploads, log, retentionDays });

  return {
    builds,
    uploads,
    /** Gives open builds out again: a worker has come or gone. */
    nudge: queue.nudge,
    /** Orders a build that was made before from a worker whose instance waits for it. */
    again: queue.again,
    /** What a worker says that it keeps of builds. */
    keeps: forgetting.keeps,
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
