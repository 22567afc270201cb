import { randomBytes } from 'node:crypto';
import { apiKey, defaultKeyHasher } from '@better-auth/api-key';
import { createAccessCache } from '@pipecat-cloud/server/access/access-cache';
import { createAuthenticator } from '@pipecat-cloud/server/access/authenticator';
import { createCredentialDigests, mintCredential } from '@pipecat-cloud/server/access/credential-digests';
import { createCredentialUse } from '@pipecat-cloud/server/access/credential-use';
import { createThrottle } from '@pipecat-cloud/server/access/throttle';
import type { OpenDatabase } from '@pipecat-cloud/server/db/open';
import { createStore } from '@pipecat-cloud/server/db/store';
import { systemClock, systemIds } from '@pipecat-cloud/server/system';
import { betterAuth } from 'better-auth';
import { getMigrations } from 'better-auth/db/migration';
import type { Kysely } from 'kysely';

/** Something that checks credentials. `open` starts from a cold cache. */
export interface TokenContender {
  keys: readonly string[];
  open(): { check(key: string): Promise<void>; close(): Promise<void> };
}

/** Stores that many tokens as the product does and checks them with its own authenticator. */
export async function ownContender(
  database: OpenDatabase,
  count: number,
): Promise<{ cached: TokenContender; uncached: TokenContender }> {
  const store = createStore(database);
  const digests = createCredentialDigests([{ id: 'bench', key: randomBytes(32) }]);
  const userId = systemIds.id();
  const now = systemClock.now();
  await store.accounts.insert({ id: userId, email: 'bench@example.com', defaultOrganizationId: null }, now);
  const keys = Array.from({ length: count }, () => mintCredential(systemIds, 'personal').value);
  await store.transaction(async (repos) => {
    for (const [index, key] of keys.entries()) {
      await repos.tokens.insert({
        ...digests.current(key),
        id: systemIds.id(),
        kind: 'personal',
        userId,
        name: `Token ${index}`,
        masked: 'pcc_pat_…',
        legacy: false,
        grant: {},
        createdAt: now.toISOString(),
        expiresAt: new Date(now.getTime() + 86_400_000).toISOString(),
      });
    }
  });

  const contender = (cached: boolean): TokenContender => ({
    keys,
    open() {
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
        onFirstUse: async () => {},
        onReuse: async () => {},
        publicUrl: 'http://localhost',
        cache,
      });
      return {
        async check(key) {
          const source = {
            authorization: `Bearer ${key}`,
            cookie: undefined,
            address: '127.0.0.1',
            userAgent: 'bench',
          };
          // Throws where it is not accepted.
          await authenticator.authenticate(source, ['personal']);
        },
        // Writes the last uses: they belong to the work of checking.
        close: () => uses.close(),
      };
    },
  });
  return { cached: contender(true), uncached: contender(false) };
}

/** Stores that many keys of better-auth's API-key plugin in the same database and checks them with `verifyApiKey`. */
export async function betterAuthContender(database: OpenDatabase, count: number): Promise<TokenContender> {
  // Its own tables, beside ours.
  const db = database.db as unknown as Kysely<{ apikey: Record<string, string | number | null> }>;
  const auth = betterAuth({
    // Our connection, which keeps prepared statements: it is faster with it than with one of its own.
    database: { db, type: 'sqlite' },
    secret: randomBytes(32).toString('hex'),
    baseURL: 'http://localhost',
    emailAndPassword: { enabled: true },
    rateLimit: { enabled: false },
    telemetry: { enabled: false },
    // It complains of missing tables before it is asked to make them; a refused key throws below.
    logger: { disabled: true },
    // The product has a table of that name.
    session: { modelName: 'better_auth_session' },
    // Without this, a key may be used ten times a day.
    plugins: [apiKey({ rateLimit: { enabled: false } })],
  });
  await (await getMigrations(auth.options)).runMigrations();
  const { user } = await auth.api.signUpEmail({
    body: { name: 'Bench', email: 'bench@example.com', password: randomBytes(16).toString('hex') },
  });
  // One through its API; the others are copies of that row under their own keys.
  const first = await auth.api.createApiKey({ body: { userId: user.id, name: 'Bench' } });
  const template = await db.selectFrom('apikey').selectAll().where('id', '=', first.id).executeTakeFirstOrThrow();
  const keys = [first.key];
  await db.transaction().execute(async (transaction) => {
    while (keys.length < count) {
      const key = randomBytes(32).toString('hex');
      keys.push(key);
      const row = { ...template, id: systemIds.id(), key: await defaultKeyHasher(key) };
      await transaction.insertInto('apikey').values(row).execute();
    }
  });
  return {
    keys,
    open: () => ({
      async check(key) {
        const { valid, error } = await auth.api.verifyApiKey({ body: { key } });
        if (!valid) throw new Error(`better-auth refused a key: ${error?.code}`);
      },
      close: async () => {},
    }),
  };
}
