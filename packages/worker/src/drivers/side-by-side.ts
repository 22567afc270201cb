import { contextKind } from './context-kind.js';
import { type Driver, DriverError } from './driver.js';

export interface SideBySideOptions {
  containers: Driver;
  processes: Driver;
  /** Without it, nothing new is made as a process: those that are there are only looked after until they are removed. */
  localAgents: boolean;
}

/**
 * Containers, and beside them processes for what says that it runs without an image: contexts with `[local]` in `pcc-deploy.toml`, and a
 * `bot.py` without any Dockerfile. An instance is where its build or image is; both kinds are one list.
 */
export async function createSideBySide({ containers, processes, localAgents }: SideBySideOptions): Promise<Driver> {
  /** Instances that are processes; all others are, or would be, containers. */
  const local = new Set((await processes.list()).map(({ instanceId }) => instanceId));
  const of = (instanceId: string): Driver => (local.has(instanceId) ? processes : containers);

  return {
    kind: containers.kind,
    runs: containers.runs && (async (instanceId) => (await of(instanceId).runs?.(instanceId)) ?? true),
    ...(containers.engine && { engine: containers.engine }),
    ...(containers.engineFolder && { engineFolder: containers.engineFolder }),
    ...(containers.unusedImages && { unusedImages: containers.unusedImages }),
    ...(containers.forgetImage && { forgetImage: containers.forgetImage }),
    async check() {
      await containers.check();
      if (localAgents) await processes.check();
    },
    async ensure(spec, signal) {
      const { instanceId, source } = spec;
      if (local.has(instanceId)) return processes.ensure(spec, signal);
      if (source.type === 'image' || !localAgents) return containers.ensure(spec, signal);
      local.add(instanceId);
      try {
        await processes.ensure(spec, signal);
      } catch (error) {
        local.delete(instanceId);
        // It was not built to run as a process; then there is an image of it.
        if (!(error instanceof DriverError) || error.code !== 'PCC_IMAGE_NOT_FOUND') throw error;
        await containers.ensure(spec, signal);
      }
    },
    async remove(instanceId, options) {
      await of(instanceId).remove(instanceId, options);
      local.delete(instanceId);
    },
    kill: (instanceId, options) => of(instanceId).kill(instanceId, options),
    list: async () => [...(await containers.list()), ...(await processes.list())],
    onExit(listener) {
      containers.onExit(listener);
      processes.onExit(listener);
    },
    logEnd: (instanceId) => of(instanceId).logEnd(instanceId),
    logs: (instanceId, position, signal) => of(instanceId).logs(instanceId, position, signal),
    maskOutput: (instanceId, range, mask) => of(instanceId).maskOutput(instanceId, range, mask),
    secrets: (instanceId) => of(instanceId).secrets(instanceId),
    usage: (instanceId) => of(instanceId).usage(instanceId),
    async build(order, context, onLine, signal) {
      const kind = await contextKind(context, order.dockerfilePath, signal);
      if (kind === 'image' || (kind === 'local' && !localAgents))
        return containers.build(order, context, onLine, signal);
      if (!localAgents) throw noDockerfile(order.dockerfilePath);
      return processes.build(order, context, onLine, signal);
    },
    async forgetBuild(buildId) {
      await containers.forgetBuild(buildId);
      await processes.forgetBuild(buildId);
    },
    keptBuilds: async () => [...new Set([...(await containers.keptBuilds()), ...(await processes.keptBuilds())])],
    async close() {
      await containers.close();
      await processes.close();
    },
  };
}

function noDockerfile(path: string): DriverError {
  return new DriverError(
    'PCC_UNKNOWN_ERROR',
    `This worker runs agents in containers, and the context has no ${path} to make an image of. Add one, for example FROM dailyco/pipecat-base with your bot.py`,
  );
}
