import type { WorkerLogLine } from '@pipecat-cloud/contract/worker';

/** Small, so that neither side is busy with one for as much as a millisecond, and far below the frame limit. */
const batchLines = 250;
const batchCharacters = 32 * 1024;

/** Lines of one instance that wait to be sent. */
export function createBatch() {
  const lines: WorkerLogLine[] = [];
  let characters = 0;
  let full = Promise.withResolvers<void>();
  let room = Promise.withResolvers<void>();
  const isFull = () => lines.length >= batchLines || characters >= batchCharacters;

  return {
    size: () => lines.length,
    isFull,
    /** Resolves when it is full, and no later than this. */
    async whenFullOr(ms: number): Promise<void> {
      if (isFull()) return;
      const late = setTimeout(full.resolve, ms);
      await full.promise;
      clearTimeout(late);
    },
    /** Resolves when it has been taken. */
    whenTaken: () => room.promise,
    /** Lets go of whoever waits. */
    release(): void {
      full.resolve();
      room.resolve();
    },
    add(line: WorkerLogLine): void {
      lines.push(line);
      characters += line.text.length;
      if (isFull()) full.resolve();
    },
    take(): WorkerLogLine[] {
      characters = 0;
      const taken = lines.splice(0);
      full = Promise.withResolvers();
      room.resolve();
      room = Promise.withResolvers();
      return taken;
    },
  };
}
export type Batch = ReturnType<typeof createBatch>;
