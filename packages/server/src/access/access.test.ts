import { formatToken } from '@pipecat-cloud/contract/token-format';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
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
  owner = await ours.member('owner');
  stranger = await theirs.member('owner');
});
afterAll(() => server.end());

const random = '0123456789abcdef0123456789abcdef01234567';

describe('a credential is refused with the reason', () => {
  test.each([
    ['nothing', undefined, 'no_credential', /PIPECAT_TOKEN/],
    ['an empty bearer', '', 'no_credential', /PIPECAT_TOKEN/],
    ['half a token', 'pcc_pat_0123', 'malformed_token', /cut short/],
    ['a wrong checksum', `pcc_pat_${random}00000000`, 'malformed_token', /cut short/],
    ['something else', 'eyJhbGciOiJIUzI1NiJ9', 'malformed_token', /no kind/],
    ['a token never made here', formatToken('personal', random), 'unknown_token', /API host/],
  ])('%s', async (_name, token, reason, text) => {
    const { status, body } = await server.call(token, 'GET', '/v1/users');
    expect(status).toBe(401);
    expect(body).toMatchObject({ code: '401', reason });
    expect(body.error).toMatch(text);
  });

  test('an expired token is told when and its name, from the very instant', async () => {
    const expiresAt = new Date(clock.now().getTime() + 1000).toISOString();
    const { token } = await ours.member('viewer', {}, expiresAt);
    expect((await server.call(token, 'GET', '/v1/users')).status).toBe(200);
    clock.advance(1000);
    const { status, body } = await server.call(token, 'GET', '/v1/users');
    expect(status).toBe(401);
    expect(body).toMatchObject({ reason: 'expired_token', help: 'http://localhost:7400/account/tokens' });
    expect(body.error).toContain(expiresAt);
    expect(body.error).toContain('viewer of ours');
  });

  test('a revoked token is refused from the return of the call that revoked it, cached or not', async () => {
    const { token, tokenId } = await ours.member('viewer');
    expect((await server.call(token, 'GET', '/v1/users')).status).toBe(200);
    expect((await server.call(token, 'DELETE', `/v1/tokens/${tokenId}`)).body).toEqual({ status: 'OK' });
    const { status, body } = await server.call(token, 'GET', '/v1/users');
    expect(status).toBe(401);
    expect(body.reason).toBe('revoked_token');
    expect(body.error).toContain(clock.now().toISOString());
  });

  test('an API key where a token is wanted, and the reverse, name both kinds', async () => {
    const { body: key } = await server.call(owner.token, 'POST', '/v1/organizations/ours/apiKeys', {
      name: 'k',
      type: 'public',
    });
    const keyForToken = await server.call(key.key, 'GET', '/v1/users');
    expect(keyForToken.status).toBe(403);
    expect(keyForToken.body.reason).toBe('wrong_credential_kind');
    expect(keyForToken.body.error).toMatch(/personal access token .* you sent a public API key/);
    const tokenForKey = await server.call(owner.token, 'POST', '/v1/public/bot/start', {});
    expect(tokenForKey.status).toBe(403);
    expect(tokenForKey.body.error).toMatch(/public API key .* you sent a personal access token/);
    expect(tokenForKey.body.info).toBe(tokenForKey.body.error);
  });

  test('unknown credentials are throttled by address, good ones of another address are not', async () => {
    const limited = await harness({ clock });
    try {
      const member = await (await limited.organization('o')).member('viewer');
      const attempt = (n: number) => formatToken('personal', n.toString(16).padStart(40, '0'));
      let last = { status: 0, headers: {} as Record<string, unknown> };
      for (let n = 0; n < 61; n++) last = await limited.call(attempt(n), 'GET', '/v1/users');
      expect(last.status).toBe(429);
      expect(Number(last.headers['retry-after'])).toBeGreaterThan(0);
      const elsewhere = await limited.http.inject({
        url: '/v1/users',
        headers: { authorization: `Bearer ${member.token}` },
        remoteAddress: '192.0.2.7',
      });
      expect(elsewhere.statusCode).toBe(200);
    } finally {
      await limited.end();
    }
  });
});

describe('a flood of bad credentials', () => {
  test('malformed ones cost no query, unknown ones at most sixty in a minute from an address', async () => {
    const flooded = await harness({ clock });
    try {
      const { tokens, apiKeys, workers } = flooded.store;
      const queries = [
        vi.spyOn(tokens, 'findByDigest'),
        vi.spyOn(apiKeys, 'findByDigests'),
        vi.spyOn(workers, 'findByDigest'),
      ];
      const asked = () => queries.reduce((sum, { mock }) => sum + mock.calls.length, 0);
      const good = formatToken('personal', random);
      const malformed = [
        `${good.slice(0, -1)}x`,
        good.slice(0, -1),
        `${good}0`,
        `pk_${random}00000000`,
        'sk_live_x',
        random,
      ];
      for (let n = 0; n < 200; n++) {
        const { status } = await flooded.call(malformed[n % malformed.length], 'GET', '/v1/users');
        expect(status).toBe(401);
      }
      expect(asked()).toBe(0);
      for (let n = 0; n < 200; n++)
        await flooded.call(formatToken('personal', n.toString(16).padStart(40, 'a')), 'GET', '/v1/users');
      expect(asked()).toBe(60);
    } finally {
      await flooded.end();
    }
  });

  test('an address that is throttled may go on with a token that is known', async () => {
    const flooded = await harness({ clock });
    try {
      const { token } = await (await flooded.organization('o')).member('viewer');
      expect((await flooded.call(token, 'GET', '/v1/users')).status).toBe(200);
      for (let n = 0; n < 100; n++)
        await flooded.call(formatToken('personal', n.toString(16).padStart(40, 'b')), 'GET', '/v1/users');
      expect((await flooded.call(token, 'GET', '/v1/users')).status).toBe(200);
    } finally {
      await flooded.end();
    }
  });
});

describe('a restart in the middle of a rotation', () => {
  test('old and new secret work, and the first use of the new one ends the old', async () => {
    const first = await harness({ clock });
    const { token, tokenId } = await (await first.organization('o')).member('developer');
    const { body } = await first.call(token, 'POST', '/v1/tokens/self/rotate', {});
    await first.close();
    const second = await harness({ clock, directory: first.directory });
    try {
      expect((await second.call(token, 'GET', '/v1/users')).status).toBe(200);
      expect((await second.call(body.value, 'GET', '/v1/users')).status).toBe(200);
      expect((await second.call(token, 'GET', '/v1/users')).body.reason).toBe('revoked_token');
      const { body: shown } = await second.call(body.value, 'GET', `/v1/tokens/${tokenId}`);
      expect(shown.token).toMatchObject({ state: 'revoked', revokedCause: 'rotation' });
    } finally {
      await second.end();
    }
  });
});

describe('a grant of single agents', () => {
  test('reaches those by path, by body and in lists, and holds nothing beyond them', async () => {
    const { token } = await ours.member('owner', { agents: ['mine'] });
    const path = '/v1/organizations/ours/services';
    expect((await server.call(token, 'GET', `${path}/mine`)).status).toBe(404);
    const foreign = await server.call(token, 'GET', `${path}/yours`);
    expect(foreign.body).toMatchObject({ reason: 'missing_permission' });
    expect(foreign.body.error).toContain('mine');
    const deploy = await server.call(token, 'POST', path, { serviceName: 'yours', image: 'a:b' });
    expect(deploy.status).toBe(403);
    expect((await server.call(token, 'GET', '/v1/organizations/ours/apiKeys')).body.error).toMatch(
      /restricted to single agents.*its owner can make a token without that restriction/,
    );
    expect((await server.call(token, 'GET', path)).body).toEqual({ services: [], hasMore: false });
  });
});

describe('what a token says of itself', () => {
  test('can: what would happen, without trying', async () => {
    const { token } = await ours.member('developer', { permissions: ['agents:deploy'], agents: ['mine'] });
    const can = async (query: string) => (await server.call(token, 'GET', `/v1/tokens/self/can?${query}`)).body;
    expect(await can('permission=agents:deploy&agent=mine')).toEqual({
      allowed: true,
      permission: 'agents:deploy',
      organization: 'ours',
    });
    expect(await can('permission=agents:deploy&agent=yours')).toMatchObject({ allowed: false });
    expect(await can('permission=secrets:write')).toMatchObject({ allowed: false, reason: 'missing_permission' });
    expect(await can('permission=agents:deploy&organization=theirs')).toMatchObject({ reason: 'wrong_organization' });
    expect((await server.call(token, 'GET', '/v1/tokens/self/can?permission=nonsense')).status).toBe(400);
  });
});

describe('what a token may do', () => {
  test('an organization out of reach and one that does not exist get the same answer', async () => {
    const foreign = await server.call(stranger.token, 'GET', '/v1/organizations/ours/services');
    const absent = await server.call(stranger.token, 'GET', '/v1/organizations/absent/services');
    expect(foreign.status).toBe(403);
    expect(foreign.body.reason).toBe('wrong_organization');
    expect(foreign.body.error).toContain('PIPECAT_ORG');
    expect(foreign.body.error.replace('ours', 'absent')).toBe(absent.body.error);
  });

  test('a grant narrows its owner, and a live token may always ask who it is', async () => {
    const { token } = await ours.member('owner', { permissions: ['logs:read'] });
    for (const path of ['/v1/users', '/v1/organizations', '/v1/tokens/self']) {
      expect((await server.call(token, 'GET', path)).status).toBe(200);
    }
    const { status, body, headers } = await server.call(token, 'GET', '/v1/organizations/ours/services');
    expect(status).toBe(403);
    expect(body.reason).toBe('missing_permission');
    expect(body.error).toContain('agents:read');
    expect(headers['www-authenticate']).toContain('insufficient_scope');
    expect(headers['pipecat-accepted-permissions']).toBe('agents:read');
  });

  test('a token bound to an organization gets exactly that one', async () => {
    const { token, userId } = await theirs.member('viewer', { organizations: ['theirs'] });
    await server.store.organizations.addMember(ours.id, userId, 'viewer', clock.now());
    const { body } = await server.call(token, 'GET', '/v1/organizations');
    expect(body.organizations.map(({ name }: { name: string }) => name)).toEqual(['theirs']);
    expect((await server.call(token, 'GET', '/v1/organizations/ours/services')).body.reason).toBe('wrong_organization');
  });

  test('a role of now decides, not the one at the time the token was made', async () => {
    const { token } = await ours.member('viewer');
    const { status, body } = await server.call(token, 'PUT', '/v1/organizations/ours/secrets/abc', {
      secretKey: 'A',
      secretValue: 'b',
    });
    expect(status).toBe(403);
    expect(body.error).toContain('viewer');
  });

  test('a token makes another only with tokens:write named, never a wider or longer one', async () => {
    const plain = await ours.member('owner');
    expect((await server.call(plain.token, 'POST', '/v1/tokens', { name: 'child' })).body.reason).toBe(
      'missing_permission',
    );
    const inAMonth = new Date(clock.now().getTime() + 30 * 86_400_000).toISOString();
    const maker = await ours.member('owner', { permissions: ['tokens:write', 'logs:read'] }, inAMonth);
    const make = (body: object) => server.call(maker.token, 'POST', '/v1/tokens', { name: 'child', ...body });
    expect((await make({ expiresInDays: 7, grant: { permissions: ['logs:read'] } })).status).toBe(200);
    expect((await make({ expiresInDays: 60, grant: { permissions: ['logs:read'] } })).status).toBe(400);
    expect((await make({ expiresInDays: null, grant: { permissions: ['logs:read'] } })).status).toBe(400);
    expect((await make({ expiresInDays: 7, grant: { permissions: ['secrets:write'] } })).status).toBe(400);
    expect((await make({ expiresInDays: 7 })).status).toBe(400);
  });

  test('every authenticated answer names the token and its end', async () => {
    const expiresAt = new Date(clock.now().getTime() + 86_400_000).toISOString();
    const member = await ours.member('viewer', {}, expiresAt);
    const { headers } = await server.call(member.token, 'GET', '/v1/users');
    expect(headers['pipecat-token-id']).toBe(member.tokenId);
    expect(headers['pipecat-token-expires-at']).toBe(expiresAt);
    expect(Date.parse(String(headers['pipecat-token-created-at']))).toBeLessThanOrEqual(clock.now().getTime());
    expect(headers['pipecat-request-id']).toBeTruthy();
  });
});

describe('the permission table', () => {
  test('a route that is not in the table keeps the server from starting', async () => {
    expect(() => server.http.get('/v1/forgotten', async () => ({}))).toThrow();
  });
});
