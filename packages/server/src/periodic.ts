interface PeriodicDeps {
  run(): Promise<void>;
  intervalMs: number;
  onError(error: unknown): void;
}

/**
 * Runs something now and then, never twice at a time: when nudged, and every `intervalMs` from `start` on in case a nudge was lost.
 * A nudge during a run causes one more. A run that throws is told to `onError`, and the next one comes all the same.
 */
export function createPeriodic({ run, intervalMs, onError }: PeriodicDeps) {
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | undefined;
  let again = false;
  let closed = false;

  async function runs(): Promise<void> {
    do {
      again = false;
      await run().catch(onError);
    } while (again && !closed);
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
      clearInterval(timer);
      await running;
    },
  };
}
