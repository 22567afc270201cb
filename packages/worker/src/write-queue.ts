export type WriteQueue = ReturnType<typeof createWriteQueue>;

/** Runs writes of the same key one after the other, in the order of the calls; a failed one doesn't stop the next. */
export function createWriteQueue() {
  const last = new Map<string, Promise<void>>();

  return {
    inTurn(key: string, write: () => Promise<void>): Promise<void> {
      const done = (last.get(key) ?? Promise.resolve()).catch(() => undefined).then(write);
      last.set(key, done);
      const forget = () => {
        if (last.get(key) === done) last.delete(key);
      };
      done.then(forget, forget);
      return done;
    },
    /** Resolves when nothing of what was asked for so far is being written. */
    async idle(): Promise<void> {
      await Promise.allSettled(last.values());
    },
  };
}
