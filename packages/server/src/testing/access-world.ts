import type { Role } from '@pipecat-cloud/contract/permissions';
import { defaultPolicy, type Policy } from '@pipecat-cloud/contract/policies';
import { createAccessCache } from '../access/access-cache.js';
import { createAccessFacts } from '../access/access-facts.js';
import { createAuthenticator } from '../access/authenticator.js';
import { createAuthorizer } from '../access/authorize.js';
import { createCredentialDigests } from '../access/credential-digests.js';
import { createCredentialUse } from '../access/credential-use.js';
import { actorOf, type OrganizationAccess, type Principal } from '../access/principal.js';
import { createThrottle } from '../access/throttle.js';
import { createAudit } from '../audit/audit-service.js';
import { createStore } from '../db/store.js';
import type { Notification } from '../notifications/notify.js';
import { systemIds } from '../system.js';
import { createOrganizationTokens } from '../tokens/organization-tokens.js';
import { createTokenAdoption } from '../tokens/token-adoption.js';
import { createTokenPanic } from '../tokens/token-panic.js';
import { createTokenReuse } from '../tokens/token-reuse.js';
import { createTokenRotation } from '../tokens/token-rotation.js';
import { createTokenService } from '../tokens/token-service.js';
import type { TestDatabase } from './databases.js';
import { createFakeClock, testKeys } from './two-organizations.js';

const address = '192.0.2.1';
const everyKind = ['session', 'oauth', 'personal', 'serviceAccount', 'ci', 'private', 'public', 'worker'] as const;

/** The real services of tokens with authenticator and authorizer on one database, without HTTP. */
export async function openAccessWorld(database: TestDatabase) {
  const opened = await database.open();
  const clock = createFakeClock();
  const ids = systemIds;
  const cache = createAccessCache();
  const store = createStore(opened, { onAccessChanged: cache.evict });
  const audit = createAudit({ clock, ids });
  const digests = createCredentialDigests(testKeys.peppers);
  const uses = createCredentialUse(store);
  const publicUrl = 'http://localhost:7400';
  const authorizer = createAuthorizer({ facts: createAccessFacts({ store, cache }), clock, publicUrl });
  const notifications: Notification[] = [];
  const deps = { store, clock, ids, audit, digests, authorizer, uses };
  const rotation = createTokenRotation(deps);
  const adoption = createTokenAdoption(deps);
  const notify = async (_repos: unknown, notification: Notification) => {
    notifications.push(notification);
  };
  const authenticator = createAuthenticator({
    ...deps,
    cache,
    publicUrl,
    throttle: createThrottle({ clock, limit: 1_000_000, windowSeconds: 60 }),
    sessionOf: async () => undefined,
    oauthOf: async () => undefined,
    onFirstUse: rotation.confirm,
    onReuse: createTokenReuse({ store, clock, audit, notify }).note,
  });

  return {
    ...opened,
    store,
    clock,
    cache,
    uses,
    notifications,
    rotation,
    authorizer,
    tokens: createTokenService({ ...deps, cache }),
    organizationTokens: createOrganizationTokens({ ...deps, adoption, rotation, notify }),
    panic: createTokenPanic({ endLoginsSince: async () => [], ...deps, notify }),

    async organization(policy?: Partial<Policy>): Promise<{ id: string; name: string }> {
      const id = ids.id();
      const name = `org-${id.slice(0, 8)}`;
      await store.organizations.insert({ id, name, verboseName: name, defaultRegion: 'us-west' }, clock.now());
      if (policy) await this.setPolicy(id, policy);
      return { id, name };
    },
    async setPolicy(organizationId: string, policy: Partial<Policy>): Promise<void> {
      const values = {
        policy_json: JSON.stringify({ ...defaultPolicy, ...policy }),
        updated_at: clock.now().toISOString(),
      };
      await opened.db
        .insertInto('organization_policy')
        .values({ organization_id: organizationId, updated_by: null, ...values })
        .onConflict((conflict) => conflict.column('organization_id').doUpdateSet(values))
        .execute();
      cache.evict();
    },
    async person(memberships: readonly { id: string; role: Role }[]): Promise<string> {
      const userId = ids.id();
      const email = `${userId}@example.com`;
      await store.accounts.insert({ id: userId, email, defaultOrganizationId: null }, clock.now());
      for (const { id, role } of memberships) await store.organizations.addMember(id, userId, role, clock.now());
      return userId;
    },
    async setRole(organizationId: string, userId: string, role: Role | null): Promise<void> {
      if (role === null) {
        await opened.db
          .deleteFrom('membership')
          .where('organization_id', '=', organizationId)
          .where('user_id', '=', userId)
          .execute();
      } else {
        await opened.db
          .updateTable('membership')
          .set({ role })
          .where('organization_id', '=', organizationId)
          .where('user_id', '=', userId)
          .execute();
      }
      cache.evict();
    },
    async serviceAccount(organizationId: string, role: Role): Promise<string> {
      const id = ids.id();
      const row = { id, organization_id: organizationId, name: `sa-${id.slice(0, 8)}`, description: '', role };
      await opened.db
        .insertInto('service_account')
        .values({ ...row, created_at: clock.now().toISOString() })
        .execute();
      return id;
    },

    /** A person at the dashboard. */
    signedIn: (userId: string): Principal => ({
      kind: 'user',
      userId,
      via: 'session',
      sessionId: 's',
      secondFactor: false,
    }),
    actor: (principal: Principal) => actorOf(principal, { address }),
    /** Throws the refusal. */
    authenticate: async (value: string, from = address): Promise<Principal> => {
      const source = { authorization: `Bearer ${value}`, cookie: undefined, address: from, userAgent: 'test' };
      const principal = await authenticator.authenticate(source, everyKind);
      authenticator.noteUse(principal, source, 0);
      return principal;
    },
    access: (principal: Principal, organizationId: string, from = address): Promise<OrganizationAccess> =>
      authorizer.authorize(principal, organizationId, { needs: 'live' }, from),
    async end(): Promise<void> {
      await uses.close();
      await opened.drop();
    },
  };
}
export type AccessWorld = Awaited<ReturnType<typeof openAccessWorld>>;
