import type { Store } from '../db/store.js';
import { oneAtATime } from '../one-at-a-time.js';
import { createPeriodic } from '../periodic.js';

/** Kept as it comes: turned into what is stored only when it is written, not at each request. */
export interface NotedUse {
  at: Date;
  address: string;
  userAgent: string;
  ciRun?: string | null;
  /** All that were used since the last write, as bits. */
  permissions: number;
}
const userAgentLimit = 200;
const byId = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]) => (a < b ? -1 : 1);

/**
 * Last use of tokens and API keys, and which permissions tokens used: noted in memory on the hot path, written every few seconds. What
 * a crash loses is the last seconds of figures that people read in days.
 */
export function createCredentialUse(store: Pick<Store, 'transaction'>, intervalMs = 5_000) {
  const tokens = new Map<string, NotedUse>();
  const keys = new Map<string, Date>();

  const flush = oneAtATime(async (): Promise<void> => {
    // In one order everywhere, so that two control planes never wait for each other.
    const [tokenUses, keyUses] = [[...tokens].sort(byId), [...keys].sort(byId)];
    tokens.clear();
    keys.clear();
    if (tokenUses.length + keyUses.length === 0) return;
    // One transaction: each change on its own would wait for the disk, and requests would wait with it.
    const written = store.transaction(async (repos) => {
      for (const [id, { at, address, userAgent, ciRun, permissions }] of tokenUses) {
        await repos.tokens.recordUse({
          id,
          at: at.toISOString(),
          address,
          userAgent: userAgent.slice(0, userAgentLimit),
          ciRun: ciRun ?? null,
          permissions,
        });
      }
      for (const [id, at] of keyUses) await repos.apiKeys.recordUse(id, at);
    });
    await written.catch((error: unknown) => {
      // What was used once may not be used again for long.
      for (const [id, use] of tokenUses) {
        const since = tokens.get(id);
        tokens.set(id, { ...(since ?? use), permissions: (since?.permissions ?? 0) | use.permissions });
      }
      throw error;
    });
  });
  // A failed write is made good by the next one; nothing else depends on it.
  const periodic = createPeriodic({ run: flush, intervalMs, onError: () => {} });
  periodic.start();

  return {
    token(
      id: string,
      at: Date,
      { address, userAgent, ciRun }: Omit<NotedUse, 'at' | 'permissions'>,
      permissions: number,
    ): void {
      const before = tokens.get(id)?.permissions ?? 0;
      tokens.set(id, { at, address, userAgent, ciRun: ciRun ?? null, permissions: before | permissions });
    },
    apiKey(id: string, at: Date): void {
      keys.set(id, at);
    },
    /** Writes what was noted, now. */
    flush,
    async close(): Promise<void> {
      await periodic.close();
      await flush();
    },
  };
}
export type CredentialUse = ReturnType<typeof createCredentialUse>;
