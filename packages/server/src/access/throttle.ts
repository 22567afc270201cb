import { LRUCache } from 'lru-cache';
import { atMost } from '../at-most.js';
import { tooManyRequests } from '../errors.js';
import type { Clock } from '../system.js';
import { sourceOf } from './networks.js';

/**
 * Counts failures by source in fixed windows; never by account or token, so that nobody can lock out somebody else. What it is asked for
 * begins with an address; what may follow a blank narrows it. All of an IPv6 network that one subscriber gets is one source.
 */
export function createThrottle({
  clock,
  limit,
  windowSeconds,
}: {
  clock: Clock;
  limit: number;
  windowSeconds: number;
}) {
  const windows = new LRUCache<string, { since: number; failures: number }>(atMost(50_000));

  function current(address: string): { since: number; failures: number } {
    const source = address.replace(/^\S+/, sourceOf);
    const now = clock.now().getTime();
    const window = windows.get(source);
    // A clock that was set back must not keep an address out for longer than one window.
    if (window && now >= window.since && now < window.since + windowSeconds * 1000) return window;
    const fresh = { since: now, failures: 0 };
    windows.set(source, fresh);
    return fresh;
  }

  return {
    /** Throws 429 while the address has used up its failures. */
    check(address: string): void {
      const window = current(address);
      if (window.failures < limit) return;
      const seconds = Math.ceil((window.since + windowSeconds * 1000 - clock.now().getTime()) / 1000);
      throw tooManyRequests(`Too many failed attempts from ${address}; wait ${seconds} seconds`, seconds);
    },
    fail(address: string, times = 1): void {
      if (times > 0) current(address).failures += times;
    },
    /** Takes back what was counted before its outcome was known. */
    forgive(address: string, times: number): void {
      const window = current(address);
      window.failures = Math.max(0, window.failures - times);
    },
  };
}
export type Throttle = ReturnType<typeof createThrottle>;
