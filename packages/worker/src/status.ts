import { statfs } from 'node:fs/promises';
import { availableParallelism, freemem, hostname, totalmem } from 'node:os';
import type { WorkerStatus } from '@pipecat-cloud/contract/worker';
import type { Driver } from './drivers/driver.js';
import { version } from './version.js';

/** An engine that hangs must not keep the rest from being told. */
const engineTimeoutMs = 5000;

interface StatusDeps {
  /** Undefined until it is made. */
  driver: () => Driver | undefined;
  workerDir: string;
  logLinesLeftOut: () => number;
}

/** What this machine is and has at this moment. Never rejects. */
export async function readStatus({ driver, workerDir, logLinesLeftOut }: StatusDeps): Promise<WorkerStatus> {
  const [disk, engine] = await Promise.all([fullerOf([workerDir, driver()?.engineFolder?.()]), engineOf(driver())]);
  return {
    version,
    node: process.versions.node,
    hostname: hostname(),
    cpuCount: availableParallelism(),
    memoryBytes: totalmem(),
    memoryFreeBytes: freemem(),
    ...disk,
    ...engine,
    logLinesLeftOut: logLinesLeftOut(),
  };
}

type Disk = Required<Pick<WorkerStatus, 'diskFolder' | 'diskBytes' | 'diskFreeBytes'>>;

/** Of the disks that these folders lie on, the one that has less room; the first of those that have as much. */
async function fullerOf(folders: readonly (string | undefined)[]): Promise<Disk | undefined> {
  const disks = await Promise.all(folders.map(diskOf));
  return disks.reduce((a, b) => (a && b ? (b.diskFreeBytes < a.diskFreeBytes ? b : a) : (a ?? b)));
}

async function diskOf(folder: string | undefined): Promise<Disk | undefined> {
  if (folder === undefined) return undefined;
  try {
    const { bsize, blocks, bavail } = await statfs(folder);
    return { diskFolder: folder, diskBytes: bsize * blocks, diskFreeBytes: bsize * bavail };
  } catch {
    // The engine's may be closed to this user.
    return undefined;
  }
}

async function engineOf(driver: Driver | undefined): Promise<Pick<WorkerStatus, 'engine' | 'engineError'>> {
  if (!driver?.engine) return {};
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => late.reject(new Error(`it did not answer within ${engineTimeoutMs / 1000} s`)),
    engineTimeoutMs,
  );
  try {
    return { engine: await Promise.race([driver.engine(), late.promise]) };
  } catch (error) {
    return { engineError: (error as Error).message.slice(0, 500) };
  } finally {
    clearTimeout(timer);
  }
}
