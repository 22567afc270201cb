import type { ChosenDriver } from './choose-driver.js';
import type { Driver } from './driver.js';
import type { ProcessDriverOptions } from './process/process-driver.js';

export type DriverOptions = Omit<ProcessDriverOptions, 'agentPackage' | 'processTable'>;

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
  const containers = await createDockerDriver({ ...options, engine: createEngine({ url: chosen.engine }) });
  return createSideBySide({
    containers,
    processes: await createProcessDriver(options),
    localAgents: chosen.localAgents,
  });
}
