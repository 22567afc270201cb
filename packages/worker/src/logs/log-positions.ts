import { join } from 'node:path';
import type { Logger } from 'pino';
import { readIfThere, replaceFile } from '../files.js';

export type LogPositions = Awaited<ReturnType<typeof openLogPositions>>;

const writeAfterMs = 500;

/**
 * Up to where the control plane has each instance's output, in `log-positions` of the worker's folder. Written now and then: after
 * a crash some lines are sent again, and the control plane drops what it has.
 */
export async function openLogPositions(workerDir: string, log: Logger) {
  const path = join(workerDir, 'log-positions');
  const positions = new Map<string, number>(await readPositions(path, log));
  let timer: NodeJS.Timeout | undefined;
  let writing: Promise<void> = Promise.resolve();

  function write(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    writing = writing.then(() =>
      replaceFile(path, JSON.stringify(Object.fromEntries(positions)), { durable: false }).catch((err) =>
        log.error({ err }, 'the log positions could not be written; lines may be sent again after a restart'),
      ),
    );
    return writing;
  }

  function writeSoon(): void {
    timer ??= setTimeout(() => void write(), writeAfterMs).unref();
  }

  return {
    get: (instanceId: string): number => positions.get(instanceId) ?? 0,
    set(instanceId: string, position: number): void {
      positions.set(instanceId, position);
      writeSoon();
    },
    forget(instanceId: string): void {
      if (positions.delete(instanceId)) writeSoon();
    },
    /** Forgets all but these. */
    keep(instanceIds: ReadonlySet<string>): void {
      for (const id of positions.keys()) if (!instanceIds.has(id)) positions.delete(id);
    },
    close: (): Promise<void> => (timer ? write() : writing),
  };
}

async function readPositions(path: string, log: Logger): Promise<[string, number][]> {
  try {
    return Object.entries(JSON.parse((await readIfThere(path)) ?? '{}') as Record<string, number>);
  } catch (err) {
    log.warn({ err, path }, 'the log positions cannot be read; lines are sent again');
    return [];
  }
}
