import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { endProcesses, processesOf } from './processes.js';

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
    for (const pid of processesOf(folder)) kill(pid);
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended meanwhile.
  }
}
