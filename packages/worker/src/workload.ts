import type { PulledImage } from '@pipecat-cloud/contract/worker';
import type { Logger } from 'pino';
import type { BuildContextDeps } from './builds/build-context.js';
import { openBuildResults } from './builds/build-results.js';
import { type Builds, createBuilds } from './builds/builds.js';
import { withMissingBuilds } from './builds/restoring.js';
import type { Driver } from './drivers/driver.js';
import { createHostSecrets, type HostSecrets } from './host-secrets.js';
import { createEnds } from './instances/ends.js';
import { createInstances, type Instances } from './instances/instances.js';
import { openRecords } from './instances/record.js';
import { createUsageSampler } from './instances/usage.js';
import type { LogRate } from './logs/allowance.js';
import { createCollectors } from './logs/collector.js';
import { createCredentialSpotter } from './logs/credential-spotter.js';
import { openLogPositions } from './logs/log-positions.js';
import type { Outbox } from './outbox.js';
import type { Relays } from './relay/relays.js';
import type { Timings } from './timings.js';

export interface WorkloadDeps {
  driver: Driver;
  workerDir: string;
  outbox: Outbox;
  relays: Relays;
  timings: Timings;
  log: Logger;
  context: BuildContextDeps;
  secretsDir: string;
  /** Builds at once. */
  buildPlaces: number;
  /** What each instance may write to its log. */
  logRate: LogRate;
  changed: () => void;
  keptChanged: () => void;
  /** Asks the control plane to order a build that it knows as made. */
  askFor: (buildId: string) => void;
}

/** All that commands are about: instances with their sessions, logs and usage, builds, and secrets of this machine. */
export interface Workload {
  instances: Instances;
  builds: Builds;
  secrets: HostSecrets;
  /** Removes an image that was pulled here; nothing to do where a driver pulls none. */
  forgetImage: (image: PulledImage) => Promise<void>;
  logCounts: () => { lines: number; leftOut: number };
  close(): Promise<void>;
}

/** Resolves once the instances from before this worker are adopted. */
export async function composeWorkload(deps: WorkloadDeps): Promise<Workload> {
  const { driver, workerDir, outbox, relays, timings, log, context, changed, keptChanged, askFor } = deps;
  const records = await openRecords(workerDir, log);
  const positions = await openLogPositions(workerDir, log);
  const results = await openBuildResults(workerDir, log);
  const ends = createEnds({ outbox, records, log });
  const usage = createUsageSampler({ driver, outbox, timings, log });
  const spotter = createCredentialSpotter({ outbox, batchMs: timings.logBatchMs });
  const collectors = createCollectors({ driver, outbox, positions, spotter, timings, rate: deps.logRate, log });
  const places = deps.buildPlaces;
  const builds = createBuilds({
    driver,
    results,
    outbox,
    spotter,
    context,
    timings,
    log,
    places,
    changed,
    keptChanged,
    askFor,
  });
  const instances = createInstances({
    ...{ driver: withMissingBuilds(driver, builds), records, ends, collectors, relays, usage, timings, log, changed },
    connected: (sessionId) => outbox.offer({ type: 'session-connected', sessionId, at: new Date().toISOString() }),
  });
  await instances.adopt();
  positions.keep(new Set(instances.observed().map(({ instanceId }) => instanceId)));

  return {
    instances,
    builds,
    secrets: createHostSecrets(deps.secretsDir),
    forgetImage: async (image) => driver.forgetImage?.(image),
    logCounts: collectors.counts,
    async close() {
      await builds.close();
      collectors.close();
      spotter.close();
      await instances.close();
      usage.close();
      await positions.close();
      await results.idle();
    },
  };
}
