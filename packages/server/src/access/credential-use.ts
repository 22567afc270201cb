import type { Store } from '../db/store.js';
import { createPeriodic } from '../periodic.js';
import type { TokenUse } from '../tokens/token-repository.js';

/**
 * Last use of tokens and API keys: noted in memory on the hot path, written every few seconds. What a crash loses is the last
 * seconds of a figure that people read in days.
 */
export function createCredentialUse(store: Pick<Store, 'tokens' | 'apiKeys'>, intervalMs = 5_000) {
  const tokens = new Map<string, TokenUse>();
  const keys = new Map<string, Date>();

  async function flush(): Promise<void> {
    const [tokenUses, keyUses] = [[...tokens.values()], [...keys]];
    tokens.clear();
    keys.clear();
    for (const use of tokenUses) await store.tokens.recordUse(use);
    for (const [id, at] of keyUses) await store.apiKeys.recordUse(id, at);
  }
  // A failed write is made good by the next use; nothing else depends on it.
  const periodic = createPeriodic({ run: flush, intervalMs, onError: () => {} });
  periodic.start();

  return {
    token(id: string, at: Date, address: string, userAgent: string): void {
      tokens.set(id, { id, at: at.toISOString(), address, userAgent: userAgent.slice(0, 200) });
    },
    apiKey(id: string, at: Date): void {
      keys.set(id, at);
    },
    async close(): Promise<void> {
      await periodic.close();
      await flush();
    },
  };
}
export type CredentialUse = ReturnType<typeof createCredentialUse>;
