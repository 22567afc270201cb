import { join } from 'node:path';
import type { InstanceSpec } from '@pipecat-cloud/contract/worker';
import { isEngineAway } from '../../engine/engine-error.js';
import { type EngineVersion, isPodman } from '../../engine/version.js';
import type { Driver } from '../driver.js';
import { createKeyedQueue } from '../process/keyed-queue.js';
import { createAddresses } from './addresses.js';
import { toContainer } from './container.js';
import { createContainers } from './containers.js';
import { createDiskWatch } from './disk-watch.js';
import { createEndings } from './endings.js';
import { type EngineHost, lookAtEngine } from './host.js';
import { createImages } from './images.js';
import { containerName, instanceLabels, labelNames } from './labels.js';
import { createLeftovers } from './leftovers.js';
import { createNetworks } from './networks.js';
import { createOptional } from './optional.js';
import { containerOutputFolder, type DockerDriverOptions, defaultLimits } from './options.js';
import { createOutputs } from './output/outputs.js';
import { createPresence } from './presence.js';
import { openPulledImages } from './pulled-images.js';
import { createRefusals, noBuilder } from './refusals.js';
import { usageOf } from './usage.js';
import { watchEvents } from './watch.js';

const sweepMs = 30_000;
/** An engine that takes longer to say whether it has a container is asked for nothing more meanwhile: a start waits for the answer. */
const firstAnswerMs = 10_000;
/** What it knows of itself it says at once, unless it is away. */
const quickAnswerMs = 2_000;

/**
 * Instances as containers of a Docker engine, or of Podman's, which speaks the same API. They outlive the worker; a new driver of the
 * same installation adopts them by their labels.
 */
export async function createDockerDriver(options: DockerDriverOptions): Promise<Driver> {
  const { engine, installationId, log } = options;
  const limits = { ...defaultLimits, ...options.limits };
  const containers = createContainers(engine, installationId);
  const endings = createEndings(containers);
  const pulled = await openPulledImages({
    ...{ engine, directory: options.directory, log },
    unusedMs: limits.unusedImageMs,
  });
  const images = createImages({ engine, builder: options.builder, pullStallMs: limits.pullStallMs, pulled });
  const networks = createNetworks({ engine, installationId, idleMs: limits.idleNetworkMs, log });
  const outputs = createOutputs({
    engine,
    folder: join(options.directory, containerOutputFolder),
    limitBytes: limits.outputBytes,
    quietMs: limits.outputQuietMs,
    log,
  });
  const diskWatch = createDiskWatch({
    containers,
    endings,
    limitBytes: limits.diskBytes,
    lookMs: limits.diskLookMs,
    log,
  });
  const initProgram = createOptional({
    refusal: /init binary|catatonit/i,
    onRefused: (words) =>
      log.warn(
        { engine: words },
        "the container engine has no init program: install catatonit beside Podman, or agents that do not heed SIGTERM themselves are ended by force, and their children's remains stay",
      ),
  });
  const nameOf = (instanceId: string) => containerName(installationId, instanceId);

  /** Ids of containers that are known to run, to tell each end once. */
  const running = new Map<string, string>();
  const making = new Set<string>();
  const inTurn = createKeyedQueue();
  const listeners: ((instanceId: string) => void)[] = [];
  let host: EngineHost | undefined;
  let closed = false;

  async function engineHost(): Promise<EngineHost> {
    host ??= await lookAtEngine(engine, process.platform);
    return host;
  }
  const leftovers = createLeftovers({
    ...{ containers, networks, outputs, nameOf, inTurn, log },
    isBeingMade: (instanceId) => making.has(instanceId),
  });
  const refusals = createRefusals({
    isAnswering: () =>
      engine.request('GET', '/version', { deadlineMs: quickAnswerMs }).then(
        () => true,
        () => false,
      ),
  });
  const published = async () => (options.reach ?? (await engineHost()).reach) === 'published';
  const addresses = createAddresses({ containers, nameOf });
  const presence = createPresence({
    ...{ containers, endings, nameOf, engineHost, published },
    isHidden: leftovers.isCondemned,
    reasonOf: diskWatch.reasonOf,
  });

  function tellExit(instanceId: string): void {
    endings.ended(nameOf(instanceId));
    if (!running.delete(instanceId) || closed) return;
    for (const listener of listeners) listener(instanceId);
  }

  async function create(spec: InstanceSpec, signal: AbortSignal): Promise<void> {
    const { instanceId, organizationId } = spec;
    const { init, cpus } = await engineHost();
    const image = await images.resolve(spec, signal);
    signal.throwIfAborted();
    const deps = {
      installationId,
      limits,
      cpus,
      publish: await published(),
      passed: passed(),
    };
    const withInit: typeof initProgram.use = (make) => (init === undefined ? initProgram.use(make) : make(init));
    await networks.use(organizationId, instanceId, async (network) => {
      const iceConfigUrl = await iceConfigUrlOn(network);
      const id = await diskWatch.withQuota((diskQuota) =>
        withInit((init) => {
          const container = toContainer(spec, image, network, { ...deps, diskQuota, init, iceConfigUrl });
          return containers.create(nameOf(instanceId), container);
        }),
      );
      signal.throwIfAborted();
      // Before it can end: its end is told once, however soon it comes.
      running.set(instanceId, id);
      await addresses.start(id);
      await outputs.begin(instanceId, id);
    });
  }

  /** This machine, as containers of the network see it. Where it has no address there, one that refuses at once in any container. */
  async function iceConfigUrlOn(network: string): Promise<string> {
    const { bridgesComeLater } = await engineHost();
    const gateway = await networks.gateway(network);
    const nowhere = 'http://127.0.0.1:9/ice-servers';
    return (gateway && (await options.iceConfigUrl?.(gateway, { isToCome: bridgesComeLater }))) || nowhere;
  }

  function passed(): Record<string, string> {
    const named = (options.passEnvironment ?? []).map((name) => [name, options.environment[name]] as const);
    return Object.fromEntries(named.filter((pair): pair is [string, string] => pair[1] !== undefined));
  }

  async function ensure(spec: InstanceSpec, signal: AbortSignal): Promise<void> {
    const { instanceId } = spec;
    signal.throwIfAborted();
    making.add(instanceId);
    let isNew = false;
    try {
      const there = await containers.inspect(nameOf(instanceId), { deadlineMs: firstAnswerMs });
      if (there && there.State.Status !== 'created' && !leftovers.isCondemned(instanceId)) return;
      isNew = true;
      // Left by an order that was refused, while the engine carried it out all the same.
      if (there) await containers.remove(there.Id);
      leftovers.acquit(instanceId);
      await create(spec, signal);
    } catch (error) {
      if (isNew) {
        leftovers.condemn(instanceId);
        running.delete(instanceId);
        // One that does not answer would be waited for twice.
        if (!isEngineAway(error)) await leftovers.discard(instanceId);
      }
      throw await refusals.of(instanceId, error);
    } finally {
      making.delete(instanceId);
    }
  }

  /** Ends that no event told: from while the worker or the engine was away. */
  async function catchUp(): Promise<void> {
    const found = new Map((await containers.list()).map((one) => [instanceLabels(one.Labels).instanceId, one.State]));
    for (const instanceId of running.keys()) {
      const state = found.get(instanceId);
      if (state !== 'running' && state !== 'paused' && !making.has(instanceId)) tellExit(instanceId);
    }
  }

  /** Takes over what an earlier worker left, and removes what it left half made. */
  async function adopt(): Promise<void> {
    const found = await containers.list();
    for (const { Id, Labels, State } of found) {
      const { instanceId } = instanceLabels(Labels);
      if (State === 'created') await containers.remove(Id);
      else if (State === 'running' || State === 'paused') running.set(instanceId, Id);
    }
    const kept = found.filter(({ State }) => State !== 'created');
    await outputs.keep(new Set(kept.map(({ Labels }) => instanceLabels(Labels).instanceId)));
    for (const { Id, Labels } of kept) await outputs.begin(instanceLabels(Labels).instanceId, Id);
  }

  const networksMixed = !((await engineHost()).keepsNetworksApart || options.networksApart);
  if (networksMixed) {
    log.warn(
      'Podman may let instances of different organizations reach one another. Needed after every start of the machine: iptables -I FORWARD -i pcc+ -o pcc+ -j DROP (docs/podman.md). Where that is seen to, PIPECAT_CLOUD_WORKER_NETWORKS_APART=yes says so',
    );
  }
  await adopt();
  const stopWatching = watchEvents({ engine, installationId, log, onDie: tellExit, onBegin: catchUp });
  const sweeping = setInterval(() => {
    leftovers.sweep().catch((err) => log.warn({ err }, 'looking for leftovers in the container engine failed'));
  }, sweepMs).unref();

  return {
    kind: 'docker',
    check: async () => {
      await engineHost();
    },
    async engine() {
      const version = await engine.request<EngineVersion>('GET', '/version');
      const { Version, ApiVersion } = version;
      return {
        ...{ name: isPodman(version) ? 'Podman' : 'Docker', version: Version, apiVersion: ApiVersion },
        ...(networksMixed && { networksMixed }),
      };
    },
    engineFolder: () => host?.folder,
    unusedImages: pulled.unused,
    forgetImage: pulled.forget,
    async ensure(spec, signal) {
      await inTurn(spec.instanceId, () => ensure(spec, signal));
      refusals.forget(spec.instanceId);
    },
    async remove(instanceId, { graceSeconds }) {
      await inTurn(instanceId, async () => undefined); // A creation under way comes first.
      await endings.end(nameOf(instanceId), graceSeconds);
      await inTurn(instanceId, async () => {
        tellExit(instanceId);
        await containers.remove(nameOf(instanceId));
        await outputs.forget(instanceId);
        diskWatch.forget(instanceId);
        endings.forget(nameOf(instanceId));
        refusals.forget(instanceId);
      });
    },
    async kill(instanceId, { graceSeconds }) {
      await inTurn(instanceId, async () => undefined);
      await endings.end(nameOf(instanceId), graceSeconds);
    },
    list: () => addresses.looked(presence.list),
    runs: addresses.runs,
    onExit(listener) {
      listeners.push(listener);
    },
    logEnd: outputs.end,
    logs: outputs.read,
    maskOutput: outputs.mask,
    async secrets(instanceId) {
      const found = await containers.inspect(nameOf(instanceId));
      if (!found?.State.Running) return {};
      const names = new Set(JSON.parse(found.Config.Labels[labelNames.secrets] ?? '[]') as string[]);
      const variables = (found.Config.Env ?? []).map((text): [string, string] => {
        const at = text.indexOf('=');
        return [text.slice(0, at), text.slice(at + 1)];
      });
      return Object.fromEntries(variables.filter(([name]) => names.has(name)));
    },
    async usage(instanceId) {
      if (!running.has(instanceId)) return undefined;
      const stats = await containers.stats(nameOf(instanceId));
      return stats && usageOf(stats);
    },
    async build(order, context, onLine, signal) {
      if (!options.builder) throw noBuilder();
      return await options.builder.build(order, context, onLine, signal);
    },
    forgetBuild: async (buildId) => options.builder?.forget(buildId),
    keptBuilds: async () => (await options.builder?.kept()) ?? [],
    async close() {
      closed = true;
      clearInterval(sweeping);
      diskWatch.close();
      await stopWatching();
      await outputs.close();
      await options.builder?.close();
      await networks.sweep(0).catch((err) => log.debug({ err }, 'idle networks stay for the next worker'));
      await engine.close();
    },
  };
}
