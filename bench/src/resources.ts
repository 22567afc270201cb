import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export type Resources = ReturnType<typeof createResources>;

/** What is to be ended and removed, last made first. */
export function createResources(onError: (error: unknown) => void) {
  const closers: (() => Promise<void> | void)[] = [];
  let closing: Promise<void> | undefined;

  async function run(close: () => Promise<void> | void): Promise<void> {
    try {
      await close();
    } catch (error) {
      onError(error);
    }
  }

  async function closeAll(): Promise<void> {
    for (let close = closers.pop(); close; close = closers.pop()) await run(close);
  }

  /** What is made after closing has begun is closed at once. */
  function onClose(close: () => Promise<void> | void): void {
    if (closing) closing = closing.then(() => run(close));
    else closers.push(close);
  }

  return {
    onClose,
    /** A new folder of this run. */
    async folder(name: string): Promise<string> {
      const folder = await mkdtemp(join(tmpdir(), `pipecat-cloud-bench-${name}-`));
      onClose(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
      return folder;
    },
    /** An error in one does not keep the others. */
    async close(): Promise<void> {
      closing ??= closeAll();
      await closing;
    },
  };
}
