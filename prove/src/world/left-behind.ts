import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { processesOf } from './processes.js';
import type { World } from './world.js';

/** What should be gone once every agent is deleted: their containers, processes, and what the worker has noted of them. */
export async function leftBehind({ containers, dataDir, pids }: World): Promise<string[]> {
  return [
    ...((await containers?.left(dataDir)) ?? []),
    ...processesOf(dataDir)
      .filter((pid) => !pids().includes(pid))
      .map((pid) => `process ${pid}`),
    ...['sessions', 'instances']
      .flatMap((name) => names(join(dataDir, 'worker', name)))
      .map((name) => `worker/${name}`),
  ];
}

function names(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
