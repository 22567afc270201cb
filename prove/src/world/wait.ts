import { setTimeout as sleep } from 'node:timers/promises';

/** Milliseconds of the monotonic clock that all processes of the machine share. */
export const now = () => Number(process.hrtime.bigint() / 1000n) / 1000;

/** Resolves after so long, or when the signal aborts; never rejects. */
export async function pause(ms: number, signal?: AbortSignal): Promise<void> {
  await sleep(Math.max(0, ms), undefined, signal ? { signal } : {}).catch(() => undefined);
}

/**
 * Waits until `look` gives something other than undefined and false. Throws after the deadline, or when the signal aborts, naming what was
 * waited for.
 */
export async function until<T>(
  what: string,
  look: () => T | undefined | false | Promise<T | undefined | false>,
  deadlineMs = 60_000,
  signal?: AbortSignal,
): Promise<T> {
  const deadline = now() + deadlineMs;
  let cause: unknown;
  for (;;) {
    try {
      const found = await look();
      if (found !== undefined && found !== false) return found;
    } catch (error) {
      cause = error;
    }
    if (signal?.aborted) throw new Error(`${what}: stopped`, { cause });
    if (now() > deadline) throw new Error(`${what}: not within ${deadlineMs / 1000} s`, { cause });
    await pause(50, signal);
  }
}
