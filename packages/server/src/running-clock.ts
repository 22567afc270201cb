/** How often it looks, and what lies between two looks at the most: beyond that the process has stood still. */
const defaults = { tickMs: 250, longestMs: 500 };

/**
 * Milliseconds for which this process has run. The clock stands while the process does, as on a machine that is paused, so that what
 * others have said meanwhile is heard before their silence is judged. Keeps no process alive.
 */
export function createRunningClock({ tickMs, longestMs } = defaults): () => number {
  let ranMs = 0;
  let lookedAt = performance.now();
  function look(): number {
    const now = performance.now();
    ranMs += Math.min(Math.max(0, now - lookedAt), longestMs);
    lookedAt = now;
    return ranMs;
  }
  setInterval(look, tickMs).unref();
  return look;
}

/** One for all: a clock each would be a timer each. */
export const runningMs = createRunningClock();
