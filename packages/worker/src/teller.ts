export interface TellerDeps {
  /** Told this often even if nothing changes. */
  observeMs: number;
  /** Not more often than this: the whole state is long where many things change at once. */
  leastMs: number;
  tell: () => void;
}

/** Calls `tell` once for all changes of the same tick, at once if it was quiet before, and every `observeMs` besides. */
export function createTeller({ observeMs, leastMs, tell }: TellerDeps) {
  let due: NodeJS.Timeout | undefined;
  let lastTold = 0;
  const telling = setInterval(now, observeMs).unref();

  function now(): void {
    clearTimeout(due);
    due = undefined;
    lastTold = performance.now();
    tell();
  }

  return {
    changed(): void {
      due ??= setTimeout(now, Math.max(0, lastTold + leastMs - performance.now()));
    },
    close(): void {
      clearInterval(telling);
      clearTimeout(due);
    },
  };
}
