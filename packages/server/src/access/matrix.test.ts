import { randomBytes } from 'node:crypto';
import {
  type CredentialKind,
  type Role,
  type RouteAccess,
  rolePermissions,
  roles,
  routeAccess,
} from '@pipecat-cloud/contract/permissions';
import { formatToken, maskToken, type TokenKind } from '@pipecat-cloud/contract/token-format';
import Fastify, { type FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { addAuthHook } from '../http/auth-hook.js';
import { handleError } from '../http/error-handler.js';
import { databases, type TestDatabase } from '../testing/databases.js';
import { harness } from '../testing/harness.js';
import { openTwoOrganizations, type TwoOrganizations, testKeys } from '../testing/two-organizations.js';
import { createAccessCache } from './access-cache.js';
import { createAccessFacts } from './access-facts.js';
import { createAuthenticator } from './authenticator.js';
import { createAuthorizer } from './authorize.js';
import { createCredentialDigests } from './credential-digests.js';
import { createCredentialUse } from './credential-use.js';
import { createThrottle } from './throttle.js';

/** Every kind of credential, and none. */
const kinds = ['none', 'session', 'oauth', 'personal', 'serviceAccount', 'ci', 'private', 'public', 'worker'] as const;
type Sent = (typeof kinds)[number];
const publicUrl = 'http://localhost:7400';

let world: TwoOrganizations;
let app: FastifyInstance;
let close: () => Promise<void>;
const digests = createCredentialDigests(testKeys.peppers);
/** Headers of a caller of that kind with that role in acme; API keys and workers have no role. */
const callers = new Map<string, Record<string, string>>();

/** The real authenticator, authorizer and hook before every route of the table, each of which only says that it was reached. */
beforeAll(async () => {
  world = await openTwoOrganizations(databases[0] as TestDatabase);
  const { store, clock } = world;
  const cache = createAccessCache();
  const uses = createCredentialUse(store);
  const sessions = new Map<string, string>();
  const logins = new Map<string, string>();
  const authenticator = createAuthenticator({
    store,
    clock,
    digests,
    uses,
    cache,
    publicUrl,
    throttle: createThrottle({ clock, limit: 60, windowSeconds: 60 }),
    sessionOf: async (cookie) => {
      const userId = sessions.get(cookie);
      return userId ? { userId, sessionId: cookie, secondFactor: false } : undefined;
    },
    oauthOf: async (value) => {
      const userId = logins.get(value);
      return userId ? { userId, grantId: 'g', secondFactor: false, expiresAt: '2027-01-01T00:00:00.000Z' } : undefined;
    },
    onFirstUse: async (token) => token,
    onReuse: async () => {},
  });
  app = Fastify({ exposeHeadRoutes: false });
  app.setErrorHandler(handleError);
  const authorizer = createAuthorizer({ facts: createAccessFacts({ store, cache }), clock, publicUrl });
  addAuthHook(app, { authenticator, authorizer, publicUrl });
  for (const [route] of Object.entries(routeAccess)) {
    const [method = '', url = ''] = route.split(' ');
    app.route({
      method: method === 'ANY' ? ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] : (method as 'GET'),
      url,
      handler: async () => 'reached',
    });
  }
  await app.ready();
  close = async () => {
    await app.close();
    await uses.close();
    await world.drop();
  };
  for (const role of roles) await addCallers(role, sessions, logins);
  for (const type of ['private', 'public'] as const) {
    const value = mint(type);
    const key = { id: type, type, name: type, masked: '', sealed: null, createdAt: clock.now().toISOString() };
    await store.apiKeys.insert(world.acme.id, { ...key, ...digests.current(value) });
    for (const role of roles) callers.set(`${type} ${role}`, bearer(value));
  }
  const worker = mint('worker');
  await store.workers.insert({ id: 'w', name: 'w', ...digests.current(worker) }, clock.now());
  for (const role of roles) callers.set(`worker ${role}`, bearer(worker));
});
afterAll(() => close());

const mint = (kind: TokenKind) => formatToken(kind, randomBytes(20).toString('hex'));
const bearer = (value: string) => ({ authorization: `Bearer ${value}` });

async function addCallers(role: Role, sessions: Map<string, string>, logins: Map<string, string>): Promise<void> {
  const { store, clock, acme } = world;
  const now = clock.now();
  const userId = `user-${role}`;
  await store.accounts.insert({ id: userId, email: `${role}@acme.example`, defaultOrganizationId: null }, now);
  await store.organizations.addMember(acme.id, userId, role, now);
  sessions.set(`session=${role}`, userId);
  callers.set(`session ${role}`, { cookie: `session=${role}`, 'x-pipecat-csrf': '1', origin: publicUrl });
  const login = mint('oauth');
  logins.set(login, userId);
  callers.set(`oauth ${role}`, bearer(login));
  const accountId = `account-${role}`;
  await world.db
    .insertInto('service_account')
    .values({
      id: accountId,
      organization_id: acme.id,
      name: role,
      description: '',
      role,
      created_at: now.toISOString(),
    })
    .execute();
  for (const kind of ['personal', 'serviceAccount', 'ci'] as const) {
    const value = mint(kind);
    const owner =
      kind === 'personal' ? { userId } : { userId: null, serviceAccount: { id: accountId, organizationId: acme.id } };
    await store.tokens.insert({
      ...digests.current(value),
      ...owner,
      id: `${kind}-${role}`,
      kind,
      name: kind,
      masked: maskToken(value),
      legacy: false,
      grant: {},
      createdAt: now.toISOString(),
      expiresAt: null,
    });
    callers.set(`${kind} ${role}`, bearer(value));
  }
}

/** What the table says of a call, in the words of the refusals; undefined where it passes. */
function refusal(access: RouteAccess, sent: Sent, role: Role, org: 'own' | 'other' | undefined): string | undefined {
  if (access.needs === 'anyone') return undefined;
  if (sent === 'none') return 'no_credential';
  if (!access.kinds.includes(sent)) return 'wrong_credential_kind';
  if (org === undefined) return undefined;
  if (org === 'other') return 'wrong_organization';
  if (access.role !== undefined && access.role !== role) return 'missing_permission';
  if (access.needs === 'live') return undefined;
  // A role gives a token everything but what its grant must name.
  const byToken = ['personal', 'serviceAccount', 'ci'].includes(sent);
  const explicit = ['tokens:write', 'daily_key:read'].includes(access.needs);
  return rolePermissions[role].has(access.needs) && !(byToken && explicit) ? undefined : 'missing_permission';
}

const concrete = (path: string, org: string) =>
  path.replace(':org', org).replace(/:\w+/g, 'some-thing').replace('*', 'x');

describe('every route × kind × role × membership', () => {
  test.each(Object.entries(routeAccess))('%s', async (route, access) => {
    const [name = '', path = ''] = route.split(' ');
    const method = (name === 'ANY' ? 'GET' : name) as 'GET';
    const organizations = path.includes(':org') ? (['own', 'other'] as const) : [undefined];
    for (const sent of kinds) {
      for (const role of sent === 'none' ? (['owner'] as const) : roles) {
        for (const org of organizations) {
          const headers = callers.get(`${sent} ${role}`) ?? {};
          const url = concrete(path, org === 'other' ? 'bolt' : 'acme');
          const answer = await app.inject({ method, url, headers });
          const expected = refusal(access, sent, role, org);
          const reason = answer.statusCode === 200 ? undefined : answer.json().reason;
          expect({ sent, role, org, reason }).toEqual({ sent, role, org, reason: expected });
          const status = expected === undefined ? 200 : expected === 'no_credential' ? 401 : 403;
          expect(answer.statusCode).toBe(status);
        }
      }
    }
  });

  test('no credential kind is left out', () => {
    const inTable = new Set<CredentialKind>(Object.values(routeAccess).flatMap(({ kinds: accepted }) => accepted));
    for (const kind of inTable) expect(kinds).toContain(kind);
  });
});

test('the server has exactly the routes of the table', async () => {
  const server = await harness();
  try {
    const missing = Object.keys(routeAccess).filter((route) => {
      const [method = '', url = ''] = route.split(' ');
      // An upgrade, which is no route of the HTTP server.
      if (route === 'GET /v1/workers/channel') return false;
      return !server.http.hasRoute({ method: method === 'ANY' ? 'GET' : (method as 'GET'), url });
    });
    expect(missing).toEqual([]);
  } finally {
    await server.end();
  }
});
