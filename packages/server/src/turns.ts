/** Runs at most `limit` pieces of work at a time, in the order they came. */
export function createTurns(limit: number) {
  const waiting: (() => void)[] = [];
  let running = 0;
  return async <T>(work: () => Promise<T>): Promise<T> => {
    if (running >= limit) await new Promise<void>((resolve) => waiting.push(resolve));
    else running++;
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else running--;
    }
  };
}

/**
 * As `createTurns`, and of each key one at a time: however much comes of one, it goes before another's by no more than a single piece.
 * What is `gone` before its turn is not begun, and costs those behind it none: it rejects with the signal's reason.
 */
export function createFairTurns(limit: number) {
  const inTurn = createTurns(limit);
  const last = new Map<string, Promise<unknown>>();
  return async <T>(key: string, work: () => Promise<T>, gone?: AbortSignal): Promise<T> => {
    const begin = async () => {
      gone?.throwIfAborted();
      return await work();
    };
    // Asked before it lines up among the other keys, too, which would hold up the next of its own.
    const run = async () => {
      gone?.throwIfAborted();
      return await inTurn(begin);
    };
    const mine = (last.get(key) ?? Promise.resolve()).then(run, run);
    last.set(key, mine);
    try {
      return await mine;
    } finally {
      if (last.get(key) === mine) last.delete(key);
    }
  };
}
