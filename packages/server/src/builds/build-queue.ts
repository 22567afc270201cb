import type { RegistryCredentials } from '@pipecat-cloud/contract/worker';
import type { FastifyBaseLogger } from 'fastify';
import type { Store } from '../db/store.js';
import { AppError } from '../errors.js';
import { createPeriodic } from '../periodic.js';
import type { InstanceSecrets } from '../secrets/secret-service.js';
import type { Clock } from '../system.js';
import { isUuid } from '../uuid.js';
import type { ConnectedWorker } from '../workers/worker-connection.js';
import type { StoredBuild } from './build-row.js';
import type { BuildWorkers } from './builder.js';

interface BuildQueueDeps {
  store: Store;
  clock: Clock;
  workers: BuildWorkers;
  /** The values of a secret set, for the steps of a build. */
  secretsOf: (organizationId: string, setName: string) => Promise<InstanceSecrets>;
  /** What base images are pulled with; undefined where the set is gone, so that the registry's answer says what is missing. */
  registryOf: (organizationId: string, setName: string) => Promise<RegistryCredentials | undefined>;
  log: Pick<FastifyBaseLogger, 'info' | 'warn' | 'error'>;
  /** How often every open build is given to its worker again. */
  intervalMs?: number;
  /** How long a worker may take for one build. */
  timeoutSeconds?: number;
}

/** A worker that says nothing for this long is taken for gone; it speaks every minute. */
const goneAfterMs = 180_000;
/** After this long nobody waits for the build any more. */
const expireAfterMs = 24 * 3_600_000;
const expired = 'No worker has made this build within 24 hours. Is one connected that serves its region?';

/**
 * Gives every build that is not finished to a worker, again and again until its end is reported: orders are idempotent, so it needs
 * no memory of its own, and a restart of either side loses nothing. A build stays with the worker that it was first given to, so that it is
 * not made twice at once, unless that worker is gone; one without a worker stays pending.
 */
export function createBuildQueue(deps: BuildQueueDeps) {
  const { store, clock, workers, secretsOf, registryOf, log, intervalMs = 5000, timeoutSeconds = 1800 } = deps;
  const underWay = new Map<string, Promise<void>>();
  /** Lost builds that are being ordered again. */
  const again = new Set<Promise<void>>();
  /** Builds whose trouble is in the log already; told once, not with every attempt. */
  const told = new Set<string>();
  const since = clock.now().getTime();

  async function give(build: StoredBuild): Promise<void> {
    const buildId = build.id;
    try {
      const workerId = await workerOf(build);
      if (workerId) await send(workerId, build);
      told.delete(buildId);
    } catch (err) {
      if (!told.has(buildId)) log.warn({ err, buildId }, 'build waits for a worker');
      told.add(buildId);
    } finally {
      underWay.delete(buildId);
    }
  }

  async function send(workerId: string, build: StoredBuild): Promise<void> {
    const { id: buildId, organizationId, contextSha256, dockerfilePath } = build;
    const secrets = await secretsFor(build);
    if (!secrets) return;
    const order = { buildId, organizationId, contextSha256, dockerfilePath, timeoutSeconds };
    await workers.build(workerId, { ...order, ...secrets });
  }

  /** What the worker says of it changes nothing: the build has ended. */
  async function sendAgain({ workerId, scope }: ConnectedWorker, buildId: string): Promise<void> {
    const build = isUuid(buildId) ? await store.builds.findAny(buildId) : undefined;
    if (build?.status !== 'success' || build.removedAt) return;
    if (scope && (scope.organizationId !== build.organizationId || scope.region !== build.region)) return;
    await send(workerId, build);
  }

  /** Undefined where another control plane was faster, or the build has ended. Throws while there is none. */
  async function workerOf(build: StoredBuild): Promise<string | undefined> {
    const { id, workerId: known } = build;
    if (known !== undefined && workers.isConnected(known)) return known;
    if (known !== undefined && !(await isGone(known))) throw new Error(`Worker ${known} is not connected`);
    const workerId = await workers.pick(build);
    if (!workerId) throw new Error('No worker of the region is connected');
    if (!(await store.builds.assign(id, known, workerId, clock.now()))) return undefined;
    if (known !== undefined) log.info({ buildId: id, from: known, to: workerId }, 'a build goes to another worker');
    return workerId;
  }

  async function isGone(workerId: string): Promise<boolean> {
    const worker = await store.workers.presence(workerId);
    if (!worker || worker.revoked) return true;
    const before = clock.now().getTime() - goneAfterMs;
    // While nothing listened, nobody could be heard.
    return since < before && (worker.seenAt ?? 0) < before;
  }

  /** Undefined where they can't be had; then the build has failed. */
  async function secretsFor({ id, organizationId, secretSet, imagePullSecretSet }: StoredBuild) {
    let name = secretSet;
    try {
      const forSteps = name === undefined ? {} : stepSecrets(await secretsOf(organizationId, name));
      name = imagePullSecretSet;
      const registry = name === undefined ? undefined : await registryOf(organizationId, name);
      return { ...forSteps, ...(registry ? { registry } : {}) };
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      const now = clock.now();
      const errorMessage = `The build's secret set '${name}' can't be used: ${error.message}`;
      await store.builds.finish(id, { status: 'failed', errorMessage, at: now, now });
      return undefined;
    }
  }

  async function pass(): Promise<void> {
    const now = clock.now();
    await store.builds.expire(new Date(now.getTime() - expireAfterMs), expired, now);
    const open = await store.builds.listOpen();
    const ids = new Set(open.map(({ id }) => id));
    for (const id of told) if (!ids.has(id)) told.delete(id);
    for (const build of open) {
      // One slow worker must not hold up the others, so nothing waits here.
      if (underWay.has(build.id)) continue;
      underWay.set(build.id, give(build));
    }
  }

  const passes = createPeriodic({
    run: pass,
    intervalMs,
    onError: (err) => log.error({ err }, 'builds could not be read'),
  });
  /** Resolves once the pass under way and all that was begun are through. */
  async function settled(): Promise<void> {
    await passes.idle();
    await Promise.all([...underWay.values(), ...again]);
  }

  return {
    start: passes.start,
    nudge: passes.nudge,
    settled,
    /** Orders a build that was made before from a worker that has lost it, or never had it. */
    again(worker: ConnectedWorker, buildId: string): void {
      const sent = sendAgain(worker, buildId)
        .catch((err) => log.warn({ err, buildId }, 'a lost build could not be ordered again'))
        .finally(() => again.delete(sent));
      again.add(sent);
    },
    /** Waits for what is under way: an order ends with its worker's link, so close those before. */
    async close(): Promise<void> {
      await passes.close();
      await settled();
    },
  };
}
export type BuildQueue = ReturnType<typeof createBuildQueue>;

function stepSecrets({ environment, referencedSecretSet }: InstanceSecrets) {
  return { secrets: environment, ...(referencedSecretSet === undefined ? {} : { referencedSecretSet }) };
}
