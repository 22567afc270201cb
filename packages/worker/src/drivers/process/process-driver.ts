import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import type { InstanceSpec } from '@pipecat-cloud/contract/worker';
import type { Logger } from 'pino';
import { type Driver, DriverError, type DriverInstance, type DriverUsage } from '../driver.js';
import { adopt } from './adopt.js';
import { type AgentPackage, findAgentPackage } from './agent-package.js';
import { createBuilds } from './builds.js';
import { checkHost } from './check-host.js';
import { members } from './end-processes.js';
import { type HostEnvironment, instanceEnvironment, instanceFolderVariable, secretsIn } from './environment.js';
import { makeFolder } from './files.js';
import { createInstance, type Instance, type InstanceDeps } from './instance.js';
import { createInstanceRecords, type InstanceRecord } from './instance-records.js';
import { createKeyedQueue } from './keyed-queue.js';
import { createLinuxProcessTable } from './linux-process-table.js';
import { maskOutput, outputEnd, readOutput } from './output.js';
import { freePort } from './ports.js';
import type { ProcessTable, ProcessView } from './process-table.js';
import { createPsProcessTable } from './ps-process-table.js';
import { startProcess } from './start-process.js';

export interface ProcessDriverOptions {
  /** The worker's folder; the driver uses `instances/`, `builds/`, `venvs/` and `cache/` in it. One driver at a time. */
  directory: string;
  installationId: string;
  log: Logger;
  /** The worker's own environment. Instances and setup steps get PATH, locale, time zone and certificate paths of it. */
  environment: Record<string, string | undefined>;
  /** Further names of it to pass on, for example those of a proxy. */
  passEnvironment?: readonly string[];
  /** What instances that reach this machine at an address get as `ICE_CONFIG_URL`; by default one that refuses at once. */
  iceConfigUrl?: (host: string) => Promise<string>;
  /** Where the agent bases are; by default the installed package `@pipecat-cloud/agent`. */
  agentPackage?: AgentPackage;
  /** How processes are found; by default /proc where there is one, else `ps`. */
  processTable?: ProcessTable;
}

const watchMs = 250;

/**
 * Instances as local processes, each leading its own process group, without isolation: CPU and memory limits of the spec are not
 * enforced, and instances share files and network with the worker's user. They outlive the worker; a new driver on the same
 * folder adopts them. Output files grow until the instance is removed.
 */
export async function createProcessDriver(options: ProcessDriverOptions): Promise<Driver> {
  const { installationId, log } = options;
  const table =
    options.processTable ?? (process.platform === 'linux' ? createLinuxProcessTable() : createPsProcessTable());
  const host: HostEnvironment = { variables: options.environment, passed: options.passEnvironment ?? [] };
  // Processes are recognised by the path of their folder, so it has to be the same whatever way leads there.
  const directory = await realpath(await makeFolder(options.directory));
  const records = createInstanceRecords(join(directory, 'instances'));
  const iceConfigUrl = options.iceConfigUrl ?? (async (address: string) => `http://${address}:9/ice-servers`);
  const agentPackage = options.agentPackage ?? findAgentPackage();
  const instances = new Map<string, Instance>();
  const inUse = (buildId: string) => [...instances.values()].some((instance) => instance.buildId === buildId);
  const builds = createBuilds({ directory, host, table, agentPackage, inUse });
  const inTurn = createKeyedQueue();
  const listeners: ((instanceId: string) => void)[] = [];
  const deps: InstanceDeps = {
    records,
    table,
    log,
    onExit(instanceId) {
      for (const listener of listeners) listener(instanceId);
    },
  };

  let looking: Promise<ProcessView> | undefined;
  /** For all who ask at once. */
  function lookOnce(): Promise<ProcessView> {
    looking ??= table.look(instanceFolderVariable).finally(() => {
      looking = undefined;
    });
    return looking;
  }

  await builds.recover();
  for (const record of await adopt({ records, table, installationId, log })) {
    const instance = createInstance(record, deps);
    instances.set(instance.instanceId, instance);
    await instance.watch();
  }
  const watching = setInterval(() => {
    for (const instance of instances.values()) {
      instance.watch().catch((error) => log.error({ err: error }, 'looking after an instance failed'));
    }
  }, watchMs).unref();

  async function create(spec: InstanceSpec, signal: AbortSignal): Promise<void> {
    const { instanceId, organizationId, agentId, agentName, deploymentId, source } = spec;
    const folder = records.folder(instanceId);
    if (source.type === 'image') throw noImages(source.image);
    const launch = await builds.launch(source.buildId);
    const port = await freePort((taken) => [...instances.values()].some((other) => other.port === taken));
    signal.throwIfAborted();
    const labels = { instanceId, organizationId, agentId, agentName, deploymentId };
    const intent: InstanceRecord = {
      version: 1,
      installationId,
      labels,
      buildId: source.buildId,
      port,
      state: 'preparing',
    };
    const instance = createInstance(intent, deps);
    instances.set(instanceId, instance);
    try {
      await records.make(intent);
      signal.throwIfAborted();
      let noted: Promise<void> | undefined;
      await startProcess(
        {
          command: launch.command,
          folder: launch.folder,
          output: records.output(instanceId),
          environment: instanceEnvironment(host, {
            instanceId,
            port,
            iceConfigUrl: await iceConfigUrl('127.0.0.1'),
            folder,
            home: records.home(instanceId),
            temporary: records.temporary(instanceId),
            base: launch.environment,
            secrets: spec.environment,
          }),
        },
        (child) => {
          noted = instance.follow(child);
        },
      );
      await noted;
    } catch (error) {
      if (instance.state !== 'preparing') await instance.end(0);
      await records.remove(instanceId);
      instances.delete(instanceId);
      throw error;
    }
  }

  /** The instance once a creation under way is through. */
  async function settled(instanceId: string): Promise<Instance | undefined> {
    return inTurn(instanceId, async () => instances.get(instanceId));
  }

  return {
    kind: 'process',
    // The port of one that has ended is nobody else's until it is removed.
    runs: undefined,
    check: () => checkHost(directory),
    async ensure(spec, signal) {
      await inTurn(spec.instanceId, async () => {
        if (!instances.has(spec.instanceId)) await create(spec, signal);
      });
    },
    async remove(instanceId, { graceSeconds }) {
      const instance = await settled(instanceId);
      if (!instance) return;
      await instance.end(graceSeconds);
      await inTurn(instanceId, async () => {
        if (instances.get(instanceId) !== instance) return;
        await records.remove(instanceId);
        instances.delete(instanceId);
      });
    },
    async kill(instanceId, { graceSeconds }) {
      await (await settled(instanceId))?.end(graceSeconds);
    },
    async list(): Promise<DriverInstance[]> {
      await Promise.all([...instances.values()].map((instance) => instance.watch()));
      return [...instances.values()].map((instance) => instance.present());
    },
    onExit(listener) {
      listeners.push(listener);
    },
    logEnd: (instanceId) => outputEnd(records.output(instanceId)),
    logs(instanceId, position, signal) {
      const ended = () => {
        const state = instances.get(instanceId)?.state;
        return state === undefined || state === 'exited' || state === 'failed';
      };
      return readOutput({ path: records.output(instanceId), position, ended, signal });
    },
    maskOutput: (instanceId, range, mask) => maskOutput(records.output(instanceId), range, mask),
    async secrets(instanceId) {
      const pid = instances.get(instanceId)?.pid;
      return pid === undefined ? {} : secretsIn(table.environment(pid), host);
    },
    async usage(instanceId): Promise<DriverUsage | undefined> {
      const instance = instances.get(instanceId);
      if (instance?.state !== 'running') return undefined;
      const view = await lookOnce();
      if (instances.get(instanceId)?.state !== 'running') return undefined;
      const usage = { cpuMs: 0, memoryBytes: 0 };
      for (const { pid, cpuMs } of members(view, instance.family())) {
        usage.cpuMs += cpuMs;
        usage.memoryBytes += table.memoryBytes(pid);
      }
      return usage;
    },
    build: builds.build,
    forgetBuild: builds.forget,
    keptBuilds: builds.kept,
    async close() {
      clearInterval(watching);
      for (const instance of instances.values()) instance.release();
    },
  };
}

function noImages(image: string): DriverError {
  return new DriverError(
    'PCC_INVALID_IMAGE_PLATFORM',
    `This worker runs agents as local processes and can't run the image '${image}'. Deploy from source (pipecat cloud deploy without an image), or run a worker with the docker driver.`,
  );
}
