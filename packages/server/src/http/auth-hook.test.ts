import Fastify from 'fastify';
import { describe, expect, test } from 'vitest';
import type { Principal } from '../access/principal.js';
import { forbidden } from '../errors.js';
import { addAuthHook } from './auth-hook.js';
import { handleError } from './error-handler.js';

const principal: Principal = {
  kind: 'user',
  userId: 'ann',
  via: 'token',
  token: {
    id: 't1',
    name: 'CI',
    kind: 'personal',
    parentId: null,
    grant: {},
    createdAt: '2026-01-01T00:00:00.000Z',
    expiresAt: null,
    endsAt: null,
    lastUsedAt: null,
  },
};

/** Two routes behind the hook; `uses` gets the principal of each request that counts as a use. */
function server({ known }: { known: boolean }) {
  const uses: Principal[] = [];
  const app = Fastify({ exposeHeadRoutes: false });
  app.setErrorHandler(handleError);
  addAuthHook(app, {
    publicUrl: 'http://localhost:7400',
    authenticator: {
      known: () => (known ? principal : undefined),
      authenticate: async () => principal,
      noteUse: (of) => void uses.push(of),
    },
    authorizer: {
      authorizeKey: () => Promise.reject(new Error('There are no keys here')),
      authorize: async (_principal, org) => {
        if (org !== 'mine') throw forbidden('wrong_organization', 'not yours');
        return { id: 'o1', name: org, defaultRegion: 'local', role: 'owner', permissions: new Set() };
      },
    },
  });
  app.get('/v1/users', async () => ({}));
  app.get('/v1/organizations/:org/services', async () => ({}));
  const get = async (url: string) => (await app.inject({ url, headers: { authorization: 'Bearer x' } })).statusCode;
  return { get, uses };
}

describe.each([{ known: true }, { known: false }])('of a token (known: $known)', ({ known }) => {
  test('a request that is let in counts as a use, one that is refused does not', async () => {
    const { get, uses } = server({ known });
    expect(await get('/v1/users')).toBe(200);
    expect(await get('/v1/organizations/mine/services')).toBe(200);
    expect(uses).toEqual([principal, principal]);
    expect(await get('/v1/organizations/theirs/services')).toBe(403);
    expect(uses).toHaveLength(2);
  });
});

test('an answer that goes on can ask again whether its caller may still do this', async () => {
  let live = true;
  const app = Fastify({ exposeHeadRoutes: false });
  app.setErrorHandler(handleError);
  addAuthHook(app, {
    publicUrl: 'http://localhost:7400',
    authenticator: { known: () => undefined, authenticate: async () => principal, noteUse: () => {} },
    authorizer: {
      authorizeKey: () => Promise.reject(new Error('There are no keys here')),
      authorize: async (_principal, org) => {
        if (!live) throw forbidden('missing_permission', 'no longer');
        return { id: 'o1', name: org, defaultRegion: 'local', role: 'owner', permissions: new Set() };
      },
    },
  });
  app.get('/v1/organizations/:org/services', async (request) => {
    await request.recheck();
    live = false;
    return { again: await request.recheck().catch((error: Error) => error.message) };
  });
  const headers = { authorization: 'Bearer x' };
  const answer = await app.inject({ url: '/v1/organizations/mine/services', headers });
  expect(answer.json()).toEqual({ again: 'no longer' });
});
