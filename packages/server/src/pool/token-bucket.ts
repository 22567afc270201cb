/**
 * Tokens that come back with time: `burst` at most, `perSecond` of them each second. Time is handed in, in milliseconds of a clock
 * that only goes forward.
 */
export function createTokenBucket({ burst, perSecond }: { burst: number; perSecond: number }) {
  const left = new Map<string, { tokens: number; at: number }>();

  return {
    /** Takes one; false when there is none. */
    take(key: string, nowMs: number): boolean {
      const before = left.get(key) ?? { tokens: burst, at: nowMs };
      const tokens = Math.min(burst, before.tokens + (Math.max(0, nowMs - before.at) / 1000) * perSecond);
      left.set(key, { tokens: tokens >= 1 ? tokens - 1 : tokens, at: nowMs });
      return tokens >= 1;
    },
    /** Forgets whoever has a full bucket. */
    sweep(nowMs: number): void {
      for (const [key, { tokens, at }] of left)
        if (tokens + ((nowMs - at) / 1000) * perSecond >= burst) left.delete(key);
    },
  };
}
