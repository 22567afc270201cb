import type { BuildSettings } from '../config.js';
import type { ChosenDriver } from './choose-driver.js';
import type { Driver } from './driver.js';
import type { ProcessDriverOptions } from './process/process-driver.js';

export type DriverOptions = Omit<ProcessDriverOptions, 'agentPackage' | 'processTable'> & {
  builds?: Pick<BuildSettings, 'cacheLimitBytes' | 'baseImages'>;
  /** Days that a pulled image stays without an instance; 0: for good. */
  imageDays?: number;
  networksApart?: boolean;
};

const dayMs = 24 * 60 * 60_000;

/**
 * Makes the chosen driver, loading only what it needs. Beside containers there are always processes: those of an earlier choice are
 * adopted, so that nothing runs on unseen.
 */
export async function createDriver(chosen: ChosenDriver, options: DriverOptions): Promise<Driver> {
  const { createProcessDriver } = await import('./process/process-driver.js');
  if (chosen.kind === 'process' || chosen.engine === undefined) return createProcessDriver(options);
  const { createDockerDriver } = await import('./docker/docker-driver.js');
  const { createEngine } = await import('../engine/engine.js');
  const { createSideBySide } = await import('./side-by-side.js');
  const { createImageBuilder } = await import('../builds/images/image-builder.js');
  const engine = createEngine({ url: chosen.engine });
  const builder = await createImageBuilder({ ...options, ...options.builds, engine, proxies: proxiesOf(options) });
  const { imageDays = 1 } = options;
  const unusedImageMs = imageDays === 0 ? undefined : imageDays * dayMs;
  const containers = await createDockerDriver({ ...options, engine, builder, limits: { unusedImageMs } });
  return createSideBySide({
    containers,
    processes: await createProcessDriver(options),
    localAgents: chosen.localAgents,
  });
}

/** What the worker passes on of its own proxies; steps of builds get them under the names that Dockerfiles know. */
function proxiesOf({ environment, passEnvironment = [] }: DriverOptions): Record<string, string> {
  const named = passEnvironment.filter((name) => /^(https?|no|ftp|all)_proxy$/i.test(name));
  return Object.fromEntries(named.flatMap((name) => (environment[name] ? [[name, environment[name]]] : [])));
}
