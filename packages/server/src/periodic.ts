import { setTimeout as delay } from 'node:timers/promises';

interface PeriodicDeps {
  run(): Promise<void>;
  intervalMs: number;
  onError(error: unknown): void;
  /**
   * After a run, the next one waits three times as long as that took, up to 200 ms: one that is nudged all the time leaves most of
   * the process to others. A nudge after a quiet time is followed at once all the same.
   */
  rests?: boolean;
}

const restShare = 3;
const longestRestMs = 200;

/**
 * Runs something now and then, never twice at a time: when nudged, and every `intervalMs` from `start` on in case a nudge was lost.
 * A nudge during a run causes one more. A run that throws is told to `onError`, and the next one comes all the same.
 */
export function createPeriodic({ run, intervalMs, onError, rests = false }: PeriodicDeps) {
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | undefined;
  let again = false;
  let closed = false;
  let rested = 0;
  const closing = new AbortController();

  async function runs(): Promise<void> {
    do {
      const restMs = rests ? rested - performance.now() : 0;
      if (restMs > 0) await delay(restMs, undefined, { signal: closing.signal }).catch(() => undefined);
      if (closed) break;
      again = false;
      const began = performance.now();
      await run().catch(onError);
      const ended = performance.now();
      rested = ended + Math.min(restShare * (ended - began), longestRestMs);
    } while (again);
    running = undefined;
  }

  function nudge(): void {
    if (closed) return;
    if (running) again = true;
    else running = runs();
  }

  return {
    start(): void {
      if (closed) return;
      timer ??= setInterval(nudge, intervalMs);
      nudge();
    },
    nudge,
    /** Resolves once no run is under way. */
    async idle(): Promise<void> {
      await running;
    },
    /** Waits for the run under way; none begins afterwards. */
    async close(): Promise<void> {
      closed = true;
      closing.abort();
      clearInterval(timer);
      await running;
    },
  };
}
