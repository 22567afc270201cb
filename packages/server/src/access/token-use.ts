import type { Store } from '../db/store.js';
import type { TokenUse } from '../tokens/token-repository.js';

/**
 * Last use of tokens: noted in memory on the hot path, written every few seconds. What a crash loses is the last seconds of a
 * figure that people read in days.
 */
export function createTokenUse(store: Pick<Store, 'tokens'>, intervalMs = 5_000) {
  const noted = new Map<string, TokenUse>();

  async function flush(): Promise<void> {
    const uses = [...noted.values()];
    noted.clear();
    for (const use of uses) await store.tokens.recordUse(use);
  }
  // A failed write is tried again with the next use; nothing else depends on it.
  const timer = setInterval(() => void flush().catch(() => {}), intervalMs);
  timer.unref();

  return {
    note(id: string, at: Date, address: string, userAgent: string): void {
      noted.set(id, { id, at: at.toISOString(), address, userAgent: userAgent.slice(0, 200) });
    },
    flush,
    async close(): Promise<void> {
      clearInterval(timer);
      await flush();
    },
  };
}
export type TokenUses = ReturnType<typeof createTokenUse>;
