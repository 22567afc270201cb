import { LRUCache } from 'lru-cache';
import { atMost } from '../at-most.js';

/** At most this old, whatever happens to the event that should have cleared it. */
const positiveTtlMs = 5_000;

/**
 * What was read of credentials, memberships and policies. Cleared whole at each change of access: a change is rare, and a list of
 * what depends on what is where stale permissions come from.
 */
export function createAccessCache({ max = 50_000 } = {}) {
  // By default it asks for the time, and sets a timer, every millisecond.
  const entries = new LRUCache<string, object>({ ...atMost(max), ttl: positiveTtlMs, ttlResolution: 50 });
  let evictions = 0;
  let usable = true;

  function evict(): void {
    evictions++;
    entries.clear();
  }

  return {
    /** Undefined unless it was read since the last change of access, at most five seconds ago. */
    get: (key: string): object | undefined => entries.get(key),

    /** From the cache, or read now. A change that comes in between keeps what was read before it out of the cache. */
    async through<T extends object>(
      key: string,
      read: () => Promise<T>,
      ttlMsOf: (value: T) => number | undefined = () => undefined,
    ): Promise<T> {
      const known = entries.get(key);
      if (known) return known as T;
      const before = evictions;
      const value = await read();
      if (usable && before === evictions) entries.set(key, value, { ttl: ttlMsOf(value) ?? positiveTtlMs });
      return value;
    },

    /** From now on the database is asked again, for everything. */
    evict,

    /**
     * False while other control planes cannot tell this one of their changes: then nothing is kept. Nor is, once they can again, what a
     * read brings that began before: the change may have been told to nobody.
     */
    setUsable(value: boolean): void {
      usable = value;
      evict();
    },
  };
}
export type AccessCache = ReturnType<typeof createAccessCache>;
