/** Those who may wait for a place of one agent at the same time. */
export const maxWaiting = 100;

interface Waiter {
  /** Takes a place if there is one. */
  attempt: () => Promise<boolean>;
  fail: (error: unknown) => void;
}

export interface WaitOptions<T> {
  ms: number;
  /** The caller has gone: it is no longer waited for. */
  signal?: AbortSignal | undefined;
  /** What was taken at the moment when the caller went. */
  giveBack: (taken: T) => Promise<void>;
}

/** Queues, one an agent: places that become free go to whoever has waited longest. */
export function createPlaceQueue({ pollMs = 1_000 }: { pollMs?: number } = {}) {
  const queues = new Map<string, Waiter[]>();
  const draining = new Map<string, { again: boolean }>();
  let polling: NodeJS.Timeout | undefined;

  function leave(key: string, waiter: Waiter): void {
    const left = (queues.get(key) ?? []).filter((other) => other !== waiter);
    if (left.length > 0) queues.set(key, left);
    else queues.delete(key);
    if (queues.size > 0) return;
    clearInterval(polling);
    polling = undefined;
  }

  /** One at a time, in order, until there is no place. A wake in between makes it look once more. */
  async function drain(key: string): Promise<void> {
    const under = draining.get(key);
    if (under) {
      under.again = true;
      return;
    }
    const mine = { again: false };
    draining.set(key, mine);
    do {
      mine.again = false;
      for (let head = queues.get(key)?.[0]; head; head = queues.get(key)?.[0]) {
        const waiter = head;
        const taken = await waiter.attempt().catch((error: unknown) => {
          waiter.fail(error);
          return true;
        });
        if (!taken) break;
        // One whose caller went while it was at the head.
        leave(key, waiter);
      }
    } while (mine.again);
    draining.delete(key);
  }

  /** Something has changed. Places that another control plane frees are found by polling. */
  function wake(): void {
    for (const key of [...queues.keys()]) void drain(key);
  }

  return {
    wake,
    length: (key: string): number => queues.get(key)?.length ?? 0,

    /** Resolves with what `take` found, first come, first served; with undefined when the time is up; rejects when the caller goes. */
    wait<T>(key: string, take: () => Promise<T | undefined>, options: WaitOptions<T>): Promise<T | undefined> {
      const { ms, signal, giveBack } = options;
      return new Promise((resolve, reject) => {
        let over = false;
        const finish = (then: () => void) => {
          if (over) return;
          over = true;
          leave(key, waiter);
          clearTimeout(timer);
          signal?.removeEventListener('abort', gone);
          then();
        };
        const waiter: Waiter = {
          async attempt() {
            // Whoever went while it stood at the head has left already.
            if (over) return true;
            const taken = await take();
            if (taken === undefined) return false;
            if (over) await giveBack(taken);
            else finish(() => resolve(taken));
            return true;
          },
          fail: (error) => finish(() => reject(error)),
        };
        const gone = () => finish(() => reject(signal?.reason));
        const timer = setTimeout(() => finish(() => resolve(undefined)), ms);
        signal?.addEventListener('abort', gone, { once: true });
        queues.set(key, [...(queues.get(key) ?? []), waiter]);
        polling ??= setInterval(wake, pollMs).unref();
        if (signal?.aborted) gone();
        else void drain(key);
      });
    },
  };
}
export type PlaceQueue = ReturnType<typeof createPlaceQueue>;
