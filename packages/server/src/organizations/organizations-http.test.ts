import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemActor } from '../access/principal.js';
import { createFakeClock, type Harness, harness, type Member, type TestOrganization } from '../testing/harness.js';

const clock = createFakeClock();
let server: Harness;
let ours: TestOrganization;
let theirs: TestOrganization;
let owner: Member;
let stranger: Member;

beforeAll(async () => {
  server = await harness({ clock });
  ours = await server.organization('ours');
  theirs = await server.organization('theirs');
  // Everything that a role may do, named: a token gives only roles whose permissions it holds itself.
  owner = await ours.member('owner', everything);
  stranger = await theirs.member('owner', everything);
});
afterAll(() => server.end());

const everything = {
  permissions: [
    ...(['org:read', 'org:write', 'members:write', 'agents:read', 'agents:deploy', 'agents:delete'] as const),
    ...(['sessions:read', 'sessions:start', 'sessions:stop', 'logs:read', 'builds:read', 'builds:write'] as const),
    ...(['secrets:read', 'secrets:write', 'keys:read', 'keys:write', 'tokens:read', 'tokens:write'] as const),
    ...(['audit:read', 'daily_key:read'] as const),
  ],
};
const page = { origin: 'http://localhost:7400', 'x-pipecat-csrf': '1' };

/** What the dashboard sends for a person who signed in. */
async function signedIn(userId: string) {
  const value = await server.store.transaction((repos) => server.startInvited(repos, userId, undefined, systemActor));
  const cookie = `pipecat_session=${value}`;
  return async (method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE', url: string, body?: object) => {
    const answer = await server.http.inject({
      method,
      url,
      headers: { ...page, cookie },
      ...(body ? { payload: body } : {}),
    });
    return { status: answer.statusCode, body: answer.json() };
  };
}
const emailOf = async (userId: string) => (await server.store.accounts.find(userId))?.email ?? '';
const org = (path = '', name = 'ours') => `/v1/organizations/${name}${path}`;

describe('organizations', () => {
  test('a person makes one, sets it as the default, renames and deletes it', async () => {
    const { userId, token } = await theirs.member('viewer');
    const call = await signedIn(userId);
    const made = await call('POST', '/v1/organizations', { name: 'mine', verboseName: 'Mine' });
    expect(made).toMatchObject({
      status: 200,
      body: { organization: { name: 'mine', verboseName: 'Mine', role: 'owner' } },
    });
    expect((await call('POST', '/v1/organizations', { name: 'ours' })).status).toBe(400);
    expect((await call('POST', '/v1/organizations', { name: 'Not A Slug' })).status).toBe(400);
    const names = async () =>
      (await server.call(token, 'GET', '/v1/organizations')).body.organizations.map(
        ({ name }: { name: string }) => name,
      );
    expect(await names()).toEqual(['theirs', 'mine']);
    const changed = await server.call(token, 'PATCH', '/v1/users', { defaultOrganization: 'mine' });
    expect(changed).toMatchObject({ status: 200, body: { user: { userId } } });
    expect(await names()).toEqual(['mine', 'theirs']);
    expect((await server.call(token, 'PATCH', '/v1/users', { defaultOrganization: 'ours' })).status).toBe(400);
    expect((await call('PATCH', org('', 'mine'), { verboseName: 'Mine, Inc.' })).body.organization.verboseName).toBe(
      'Mine, Inc.',
    );
    expect((await call('DELETE', org('', 'mine'))).body).toEqual({ status: 'OK' });
    expect(await names()).toEqual(['theirs']);
    expect((await call('DELETE', org('', 'mine'))).body.reason).toBe('wrong_organization');
  });

  test('no token makes or deletes one, and no other organization’s owner', async () => {
    expect((await server.call(owner.token, 'POST', '/v1/organizations', { name: 'x1' })).body.reason).toBe(
      'wrong_credential_kind',
    );
    expect((await server.call(owner.token, 'DELETE', org())).body.reason).toBe('wrong_credential_kind');
    const call = await signedIn(stranger.userId);
    for (const [method, path] of [
      ['DELETE', ''],
      ['DELETE', '/members/self'],
    ] as const) {
      expect((await call(method, org(path))).body.reason).toBe('wrong_organization');
    }
    const admin = await signedIn((await ours.member('admin')).userId);
    expect((await admin('DELETE', org())).status).toBe(403);
  });
});

describe('members', () => {
  test('a removed member’s token does nothing here from the return of the call', async () => {
    const dan = await ours.member('developer');
    const list = await server.call(dan.token, 'GET', org('/members'));
    expect(list.body.members).toContainEqual(expect.objectContaining({ userId: dan.userId, role: 'developer' }));
    const path = org(`/members/${dan.userId}`);
    const asked = await server.call(owner.token, 'DELETE', path);
    expect(asked).toMatchObject({
      status: 409,
      body: { code: 'CONFLICT', tokens: [{ id: dan.tokenId, state: 'active' }] },
    });
    expect((await server.call(owner.token, 'GET', `${path}/tokens`)).body).toEqual({ tokens: asked.body.tokens });
    const removed = await server.call(owner.token, 'DELETE', path, { tokens: [{ id: dan.tokenId }] });
    expect(removed).toMatchObject({ status: 200, body: { status: 'OK', adopted: [], ended: [{ id: dan.tokenId }] } });
    expect((await server.call(dan.token, 'GET', org('/members'))).body.reason).toBe('wrong_organization');
    expect((await server.call(dan.token, 'GET', '/v1/users')).status).toBe(200);
    expect((await server.call(owner.token, 'DELETE', path, {})).status).toBe(404);
  });

  test('a role of now decides from the return of the call', async () => {
    const vic = await ours.member('viewer', everything);
    const make = () => server.call(vic.token, 'POST', org('/apiKeys'), { name: 'k', type: 'public' });
    expect((await make()).body.reason).toBe('missing_permission');
    const changed = await server.call(owner.token, 'PATCH', org(`/members/${vic.userId}`), { role: 'developer' });
    expect(changed.body.member).toMatchObject({ userId: vic.userId, role: 'developer' });
    expect((await make()).status).toBe(200);
    expect((await server.call(owner.token, 'PATCH', org(`/members/${vic.userId}`), { role: 'boss' })).status).toBe(400);
  });

  test('a person leaves, the last owner does not', async () => {
    const { userId } = await ours.member('viewer');
    const call = await signedIn(userId);
    expect((await call('DELETE', org('/members/self'))).body).toEqual({ status: 'OK' });
    expect((await call('GET', org('/members'))).body.reason).toBe('wrong_organization');
    const last = await signedIn(owner.userId);
    expect(await last('DELETE', org('/members/self'))).toMatchObject({ status: 409, body: { code: 'CONFLICT' } });
  });
});

describe('invitations', () => {
  const invite = async (email: string) => {
    const { body } = await server.call(owner.token, 'POST', org('/invitations'), { email, role: 'viewer' });
    return { id: body.invitation.id, code: body.link.split('#code=')[1] as string };
  };
  const asNewcomer = (code: string, headers: Record<string, string> = page) =>
    server.http.inject({ method: 'POST', url: '/auth/invitation', payload: { code }, headers });

  test('a newcomer follows the link and is signed in', async () => {
    const { code } = await invite('newcomer@ours.example');
    const answer = await asNewcomer(code);
    expect(answer.json()).toEqual({ organization: 'ours', role: 'viewer' });
    expect(answer.headers['cache-control']).toBe('no-store');
    const cookie = String(answer.headers['set-cookie']);
    expect(cookie).toMatch(/^pipecat_session=[0-9a-f]+; Path=\/; HttpOnly; SameSite=Lax/);
    const list = await server.http.inject({
      url: '/v1/organizations',
      headers: { cookie: cookie.split(';')[0] ?? '' },
    });
    expect(list.json().organizations).toMatchObject([{ name: 'ours', role: 'viewer' }]);
    // As every other sign-in: on record, and with its address in the person's own list.
    const account = await server.store.accounts.findByEmail('newcomer@ours.example');
    const records = await server.store.audit.search(null, { action: 'sign_in.signed_in' }, { limit: 100 });
    expect(records).toContainEqual(
      expect.objectContaining({ actorId: account?.id, address: '127.0.0.1', detail: { by: 'invitation' } }),
    );
    const sessions = await server.http.inject({
      url: '/v1/users/self/sessions',
      headers: { cookie: cookie.split(';')[0] ?? '' },
    });
    expect(sessions.json().sessions).toMatchObject([{ address: '127.0.0.1', factors: ['invitation'] }]);
    expect((await asNewcomer(code)).statusCode).toBe(404);
  });

  test('another site’s page is refused before the code is looked at', async () => {
    const { code } = await invite('victim@ours.example');
    for (const headers of [{}, { ...page, origin: 'https://evil.example' }, { origin: page.origin }]) {
      expect((await asNewcomer(code, headers)).statusCode).toBe(403);
    }
    expect((await asNewcomer(code)).statusCode).toBe(200);
  });

  test('a person who is signed in accepts; the list shows it', async () => {
    const { userId } = await theirs.member('viewer');
    const { id, code } = await invite(await emailOf(userId));
    const call = await signedIn(userId);
    expect((await call('POST', '/v1/invitations/accept', { code })).body).toEqual({
      organization: 'ours',
      role: 'viewer',
    });
    const { body } = await server.call(owner.token, 'GET', org('/invitations'));
    expect(body.invitations).toContainEqual(expect.objectContaining({ id, state: 'accepted' }));
    expect((await server.call(owner.token, 'POST', '/v1/invitations/accept', { code })).body.reason).toBe(
      'wrong_credential_kind',
    );
  });

  test('are taken back; another organization’s owner has no hold of them', async () => {
    const { id, code } = await invite('gone@ours.example');
    expect((await server.call(stranger.token, 'DELETE', org(`/invitations/${id}`, 'theirs'))).status).toBe(404);
    expect((await server.call(stranger.token, 'GET', org('/invitations', 'theirs'))).body).toEqual({ invitations: [] });
    expect((await server.call(owner.token, 'DELETE', org(`/invitations/${id}`))).body).toEqual({ status: 'OK' });
    expect((await asNewcomer(code)).statusCode).toBe(404);
    const wrong = await server.call(owner.token, 'POST', org('/invitations'), { email: 'no address', role: 'viewer' });
    expect(wrong.status).toBe(400);
  });
});

describe('service accounts', () => {
  test('made, found by name, disabled and deleted; none of it from another organization', async () => {
    const made = await server.call(owner.token, 'POST', org('/service-accounts'), { name: 'ci', role: 'developer' });
    expect(made).toMatchObject({ status: 200, body: { serviceAccount: { name: 'ci', liveTokens: 0, trusts: [] } } });
    const { id } = made.body.serviceAccount;
    expect((await server.call(owner.token, 'GET', org('/service-accounts/ci'))).body).toEqual(made.body);
    expect((await server.call(owner.token, 'GET', org('/service-accounts'))).body).toEqual({
      serviceAccounts: [made.body.serviceAccount],
    });
    for (const name of [id, 'ci']) {
      const path = org(`/service-accounts/${name}`, 'theirs');
      for (const method of ['GET', 'DELETE'] as const) {
        expect((await server.call(stranger.token, method, path)).status).toBe(404);
      }
      expect((await server.call(stranger.token, 'PATCH', path, { disabled: true })).status).toBe(404);
    }
    const disabled = await server.call(owner.token, 'PATCH', org('/service-accounts/ci'), { disabled: true });
    expect(disabled.body.serviceAccount.disabledAt).toBe(clock.now().toISOString());
    expect((await server.call(owner.token, 'PATCH', org('/service-accounts/ci'), {})).status).toBe(400);
    expect((await server.call(owner.token, 'DELETE', org('/service-accounts/ci'))).body).toEqual({ status: 'OK' });
    expect((await server.call(owner.token, 'GET', org(`/service-accounts/${id}`))).status).toBe(404);
  });

  test.each([
    { name: 'ci', role: 'owner' },
    { name: 'Ci', role: 'viewer' },
    { name: 'c', role: 'viewer' },
    { name: 'ci' },
  ])('%j is refused', async (body) => {
    expect((await server.call(owner.token, 'POST', org('/service-accounts'), body)).status).toBe(400);
  });
});

describe('policy', () => {
  test('is read, tried out and set', async () => {
    const dan = await ours.member('developer');
    const before = await server.call(dan.token, 'GET', org('/policy'));
    expect(before.body).toMatchObject({ policy: { personalTokens: 'everyone' }, updatedAt: null });
    const tried = await server.call(owner.token, 'POST', org('/policy/dry-run'), { personalTokens: 'admins' });
    expect(tried.body.stopped).toContainEqual(
      expect.objectContaining({
        rule: 'personalTokens',
        sentence: expect.stringContaining('developer'),
        token: expect.objectContaining({ id: dan.tokenId }),
      }),
    );
    expect((await server.call(owner.token, 'GET', org('/policy'))).body).toEqual(before.body);
    const set = await server.call(owner.token, 'PUT', org('/policy'), { onLeak: 'revoke' });
    expect(set.body).toMatchObject({ policy: { onLeak: 'revoke' }, updatedAt: clock.now().toISOString() });
    expect((await server.call(stranger.token, 'GET', org('/policy', 'theirs'))).body.policy.onLeak).toBe('alert');
    expect((await server.call(owner.token, 'PUT', org('/policy'), {})).status).toBe(400);
    expect((await server.call(owner.token, 'PUT', org('/policy'), { allowedNetworks: ['127.0.0.0/99'] })).status).toBe(
      400,
    );
    const shut = await server.call(owner.token, 'PUT', org('/policy'), { personalTokens: 'nobody' });
    expect(shut).toMatchObject({ status: 409, body: { error: expect.stringContaining('nothing was changed') } });
  });
});

describe('API keys', () => {
  test('after a rotation the old value is unknown at once and the new one works', async () => {
    const { body: key } = await server.call(owner.token, 'POST', org('/apiKeys'), { name: 'web', type: 'public' });
    const start = (value: string) => server.call(value, 'POST', '/v1/public/absent/start', {});
    expect((await start(key.key)).status).toBe(404);
    const foreign = await server.call(stranger.token, 'POST', org(`/apiKeys/${key.id}/rotate`, 'theirs'), {});
    expect(foreign.status).toBe(404);
    const rotated = await server.call(owner.token, 'POST', org(`/apiKeys/${key.id}/rotate`), {});
    expect(rotated).toMatchObject({ status: 200, body: { id: key.id, metadata: { name: 'web' }, type: 'public' } });
    expect(rotated.headers['cache-control']).toBe('no-store');
    expect((await start(key.key)).body.reason).toBe('unknown_token');
    expect((await start(rotated.body.key)).status).toBe(404);
    const { body: list } = await server.call(owner.token, 'GET', org('/apiKeys'));
    expect(list.public).toContainEqual(expect.objectContaining({ id: key.id, key: rotated.body.key, revoked: false }));
  });
});
