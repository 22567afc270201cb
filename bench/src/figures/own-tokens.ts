import { createAccessCache } from '@pipecat-cloud/server/access/access-cache';
import { type CredentialSource, createAuthenticator } from '@pipecat-cloud/server/access/authenticator';
import { type CredentialDigests, mintCredential } from '@pipecat-cloud/server/access/credential-digests';
import { createCredentialUse } from '@pipecat-cloud/server/access/credential-use';
import { createThrottle } from '@pipecat-cloud/server/access/throttle';
import type { Store } from '@pipecat-cloud/server/db/store';
import { systemClock, systemIds } from '@pipecat-cloud/server/system';

const lifeMs = 86_400_000;

/** Stores that many tokens of one new person as the product does; resolves with their values. */
export async function storeTokens(
  store: Store,
  digests: CredentialDigests,
  count: number,
): Promise<{ userId: string; tokens: string[] }> {
  const userId = systemIds.id();
  const now = systemClock.now();
  await store.accounts.insert({ id: userId, email: `${userId}@example.com`, defaultOrganizationId: null }, now);
  const tokens = Array.from({ length: count }, () => mintCredential(systemIds, 'personal').value);
  await store.transaction(async (repos) => {
    for (const [index, token] of tokens.entries()) {
      await repos.tokens.insert({
        ...digests.current(token),
        id: systemIds.id(),
        kind: 'personal',
        userId,
        name: `Token ${index}`,
        masked: 'pcc_pat_…',
        legacy: false,
        grant: {},
        createdAt: now.toISOString(),
        expiresAt: new Date(now.getTime() + lifeMs).toISOString(),
      });
    }
  });
  return { userId, tokens };
}

export interface Checker {
  /** Rejects where the token is not accepted. */
  check(source: CredentialSource): Promise<unknown>;
  /** Writes the last uses: they belong to the work of checking. */
  close(): Promise<void>;
}

/** The product's own authenticator, from a cold cache, or with none, as while the database cannot tell of changes. */
export function createChecker(store: Store, digests: CredentialDigests, { cached }: { cached: boolean }): Checker {
  const uses = createCredentialUse(store);
  const cache = createAccessCache();
  cache.setUsable(cached);
  const authenticator = createAuthenticator({
    store,
    clock: systemClock,
    digests,
    uses,
    throttle: createThrottle({ clock: systemClock, limit: 60, windowSeconds: 60 }),
    sessionOf: async () => undefined,
    oauthOf: async () => undefined,
    onFirstUse: async (token) => token,
    onReuse: async () => {},
    publicUrl: 'http://localhost',
    cache,
  });
  return {
    async check(source) {
      const principal = await authenticator.authenticate(source, ['personal']);
      authenticator.noteUse(principal, source, 1);
      return principal;
    },
    close: uses.close,
  };
}

/** What the server hands on of a request with that token. */
export function sourceOf(key: string): CredentialSource {
  return { authorization: `Bearer ${key}`, cookie: undefined, address: '127.0.0.1', userAgent: 'bench' };
}
