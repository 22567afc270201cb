import type { InstanceSpec } from '@pipecat-cloud/contract/worker';
import { type Labels, labelNames, readOnlyRootLabel, toLabels } from './labels.js';
import type { Limits } from './options.js';

/** Where images listen (contract §9.2). */
export const agentPort = 8080;

export interface ContainerDeps {
  installationId: string;
  limits: Limits;
  /** The engine has an init program that hands on signals and collects what the agent's children leave. */
  init: boolean;
  /** Processors of the engine's machine. */
  cpus: number;
  publish: boolean;
  /** The engine's storage can hold a container to a size. */
  diskQuota: boolean;
  /** Variables of the worker that every instance gets, such as those of a proxy. */
  passed: Record<string, string>;
  /** Where it fetches its ICE servers (contract §9.2). */
  iceConfigUrl: string;
}

export interface ContainerImage {
  id: string;
  digest?: string;
  labels: Labels;
  /** Paths that it declares as VOLUME. */
  volumes: readonly string[];
}

/**
 * The container of an instance, as the engine is asked for it. It may do less than a container usually may: no capability, no way
 * to get one, limits for everything that the host has one of, and never a restart: the pool replaces what ends.
 */
export function toContainer(spec: InstanceSpec, image: ContainerImage, network: string, deps: ContainerDeps) {
  const { limits } = deps;
  const port = `${agentPort}/tcp`;
  const memory = spec.memoryMib * 1024 ** 2;
  const readOnly = image.labels[readOnlyRootLabel] === 'true';
  return {
    Image: image.id,
    Env: Object.entries(environmentOf(spec, deps)).map(([name, value]) => `${name}=${value}`),
    Labels: {
      ...toLabels(deps.installationId, spec),
      [labelNames.secrets]: JSON.stringify(Object.keys(spec.environment)),
      ...(image.digest && { [labelNames.imageDigest]: image.digest }),
    },
    AttachStdout: false,
    AttachStderr: false,
    ExposedPorts: { [port]: {} },
    HostConfig: {
      NetworkMode: network,
      // Engines refuse to promise more processors than there are.
      NanoCpus: Math.min(spec.cpuMillicores * 1e6, deps.cpus * 1e9),
      Memory: memory,
      // No swap on top: an agent that swaps can't hold a conversation.
      MemorySwap: memory,
      PidsLimit: limits.pids,
      Ulimits: [{ Name: 'nofile', Soft: limits.openFiles, Hard: limits.openFiles }],
      // Under pressure the kernel ends an agent before the worker that looks after all of them.
      OomScoreAdj: 500,
      CapDrop: ['ALL'],
      SecurityOpt: ['no-new-privileges'],
      Privileged: false,
      RestartPolicy: { Name: 'no' },
      LogConfig: {
        Type: 'json-file',
        Config: { 'max-size': String(Math.ceil(limits.engineLogBytes / 2)), 'max-file': '2' },
      },
      ...(deps.init && { Init: true }),
      ...(readOnly && { ReadonlyRootfs: true }),
      Tmpfs: inMemory(readOnly ? [...image.volumes, '/tmp', '/run'] : image.volumes, memory),
      ...(deps.publish && { PortBindings: { [port]: [{ HostIp: '127.0.0.1', HostPort: '' }] } }),
      ...(deps.diskQuota && { StorageOpt: { size: String(limits.diskBytes) } }),
    },
  };
}

/**
 * Folders that count as the memory of the instance. What an image declares as a volume would be a disk without a limit, since no quota
 * and no measure of the container's own disk counts it; a write beyond half of the memory fails.
 */
const inMemory = (paths: readonly string[], memoryBytes: number) =>
  Object.fromEntries(paths.map((path) => [path, `rw,nosuid,nodev,exec,mode=1777,size=${Math.floor(memoryBytes / 2)}`]));

/** The secret set wins over all but what the platform itself decides; the image's own variables stand below both. */
function environmentOf(
  spec: InstanceSpec,
  { passed, iceConfigUrl }: Pick<ContainerDeps, 'passed' | 'iceConfigUrl'>,
): Record<string, string> {
  return {
    ...passed,
    ICE_CONFIG_URL: iceConfigUrl,
    ...spec.environment,
    HOST: '0.0.0.0',
    PORT: String(agentPort),
    PIPECAT_CLOUD_INSTANCE_ID: spec.instanceId,
  };
}
