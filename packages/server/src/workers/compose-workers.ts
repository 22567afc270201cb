import type { PulledImage } from '@pipecat-cloud/contract/worker';
import type { Logger } from 'pino';
import type { Config } from '../config/config.js';
import type { Keys } from '../config/keys.js';
import { createLease } from '../db/lease.js';
import type { Store } from '../db/store.js';
import type { Clock, Ids } from '../system.js';
import { createForgetting } from './forgetting.js';
import { createHopSigner } from './hop-signer.js';
import { createRevokedWorkers } from './revoked-workers.js';
import { type ChannelDeps, createWorkerChannel } from './worker-channel.js';

interface WorkersDeps
  extends Pick<
    ChannelDeps,
    'applyReport' | 'installationId' | 'onKeptBuilds' | 'onMissingBuild' | 'onChange' | 'onPresence' | 'runningMs'
  > {
  config: Config;
  keys: Keys;
  store: Store;
  clock: Clock;
  ids: Ids;
  log: Logger;
  /** From now on this control plane runs the agents. Another one may have done so before, also one that was never seen here. */
  onLead: () => void;
  /** Another one runs them. Told again and again. */
  onStandby: () => void;
}

/** The links to the workers, and the lease that says whether they are ours to take. */
export function composeWorkers(deps: WorkersDeps) {
  const { config, keys, store, clock, log } = deps;
  // One that only lost its connection for a moment, and has the lease back, goes on with what it knows of workers.
  let elsewhere = true;
  const lease = createLease({
    ...{ database: config.database, log },
    onHeld: () => {
      if (elsewhere) workers.beginAnew();
      elsewhere = false;
      deps.onLead();
      deps.onChange();
      deps.onPresence();
    },
    onLost: () => {
      elsewhere = true;
      workers.disconnectAll();
      deps.onStandby();
    },
  });
  const hops = createHopSigner(keys.hop, clock);
  const workers = createWorkerChannel({
    ...deps,
    hopPublicKey: hops.publicKey,
    leads: lease.held,
    onUnusedImages: (worker, images) => forgetImages(worker, images),
    onHello: ({ workerId, architecture }) => {
      store.workers
        .seen(workerId, architecture, clock.now())
        .catch((err: unknown) => log.warn({ err, workerId }, 'what a worker said of itself could not be kept'));
    },
  });
  const forgetImages = createForgetting<PulledImage>({
    what: 'an image',
    log,
    unneededOf: ({ scope }, images) => store.deployments.unneededImages(images, scope?.organizationId),
    forget: (workerId, image) => workers.command(workerId, { do: 'forget-image', image }),
  });
  return { lease, hops, workers, revokedWorkers: createRevokedWorkers({ store, workers, log }) };
}
