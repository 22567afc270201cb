import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { endProcesses, processesOf } from './processes.js';
import { until } from './wait.js';

/** The checkout. */
export const root = fileURLToPath(new URL('../../../', import.meta.url)).replace(/\/$/, '');
export const inRoot = (...parts: string[]) => join(root, ...parts);

const made: string[] = [];

/** A new folder of this run, removed by `cleanUp`. */
export function temporaryFolder(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), `pipecat-cloud-e2e-${name}-`));
  made.push(folder);
  return folder;
}

/** Ends what a test left running, agents that outlive their worker included, and removes every folder that it made. */
export async function cleanUp(): Promise<void> {
  await endProcesses();
  for (const folder of made.splice(0)) {
    // Again and again: what is killed may start another first, and writes until it is gone.
    await until(`${folder} is removed`, () => {
      const left = processesOf(folder);
      for (const pid of left) kill(pid);
      if (left.length > 0) return false;
      rmSync(folder, { recursive: true, force: true });
      return true;
    });
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended meanwhile.
  }
}
