import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { mintCredential } from '../access/credential-digests.js';
import { systemIds } from '../system.js';
import { createFakeClock } from '../testing/harness.js';
import {
  type Browser,
  createBrowser,
  logIn,
  type OauthHarness,
  oauthHarness,
  postForm,
  refresh,
  type Tokens,
} from '../testing/oauth-client.js';

const clock = createFakeClock();
let server: OauthHarness;
let browser: Browser;

beforeAll(async () => {
  server = await oauthHarness({ clock });
  browser = createBrowser(server);
  await browser.signIn('owner@example.com');
});
afterAll(() => server.end());

const statusOf = async (bearer: string) => (await server.call(bearer, 'GET', '/v1/users')).status;
const revoke = (form: Record<string, string>) => postForm(server, '/oauth/revoke', form);

/** Nothing of it is accepted any more, and nothing new comes of it. */
async function expectOver(tokens: Tokens): Promise<void> {
  expect(await statusOf(tokens.access_token)).toBe(401);
  expect((await refresh(server, tokens.refresh_token)).body.error).toBe('invalid_grant');
}

describe('POST /auth/logout', () => {
  test('ends the sign-in of the refresh token, and no other', async () => {
    const [tokens, other] = [await logIn(server, browser), await logIn(server, browser)];
    const answer = await server.call(tokens.access_token, 'POST', '/auth/logout', {
      refresh_token: tokens.refresh_token,
    });
    expect([answer.status, answer.body]).toEqual([200, { status: 'OK' }]);
    await expectOver(tokens);
    expect(await statusOf(other.access_token)).toBe(200);
  });

  test('also when the access token has expired', async () => {
    const tokens = await logIn(server, browser);
    clock.advance(3_700_000);
    expect((await server.call(tokens.access_token, 'POST', '/auth/logout', tokens)).status).toBe(200);
    await expectOver(tokens);
  });

  test('also without an access token', async () => {
    const tokens = await logIn(server, browser);
    const { refresh_token } = tokens;
    expect((await server.call(undefined, 'POST', '/auth/logout', { refresh_token })).status).toBe(200);
    await expectOver(tokens);
  });

  test('says the same of a token that it does not know', async () => {
    const answer = await server.call(undefined, 'POST', '/auth/logout', { refresh_token: 'what is this' });
    expect([answer.status, answer.body]).toEqual([200, { status: 'OK' }]);
  });
});

describe('POST /oauth/revoke', () => {
  test.each(['access_token', 'refresh_token'] as const)('of an %s ends the sign-in, without a client', async (name) => {
    const tokens = await logIn(server, browser);
    expect((await revoke({ token: tokens[name] })).status).toBe(200);
    await expectOver(tokens);
  });

  test('hands other credentials to the leak desk, which takes OAuth tokens in turn', async () => {
    const { token } = await (await server.organization('holders')).member('viewer');
    expect((await revoke({ token })).status).toBe(200);
    expect((await server.call(token, 'GET', '/v1/users')).body.reason).toBe('revoked_token');
    const tokens = await logIn(server, browser);
    const report = { credentials: [tokens.access_token] };
    const { body } = await server.call(undefined, 'POST', '/v1/credentials/revoke', report);
    expect(body.results).toMatchObject([{ status: 'revoked', kind: 'oauth' }]);
    await expectOver(tokens);
  });

  test('a refresh token that is reported as leaked ends its sign-in, also one that was used', async () => {
    for (const used of [false, true]) {
      const tokens = await logIn(server, browser);
      const last = used ? ((await refresh(server, tokens.refresh_token)).body as unknown as Tokens) : tokens;
      const report = { credentials: [tokens.refresh_token] };
      const revokeIt = async () =>
        (await server.call(undefined, 'POST', '/v1/credentials/revoke', report)).body.results;
      expect(await revokeIt()).toMatchObject([{ status: 'revoked', kind: 'refresh' }]);
      expect(await revokeIt()).toMatchObject([{ status: 'unknown', kind: 'refresh' }]);
      await expectOver(last);
    }
  });

  test('a refresh token opens nothing', async () => {
    const { refresh_token } = await logIn(server, browser);
    expect(await statusOf(refresh_token)).toBe(401);
  });

  test('knows no difference between what was there and what was not', async () => {
    const tokens = await logIn(server, browser);
    const [known, again, unknown] = [
      await revoke({ token: tokens.access_token }),
      await revoke({ token: tokens.access_token }),
      await revoke({ token: 'nonsense', token_type_hint: 'access_token' }),
    ];
    expect([known.status, again.status, unknown.status]).toEqual([200, 200, 200]);
    expect((await revoke({})).body.error).toBe('invalid_request');
  });

  test.each(['oauth', 'personal'] as const)('guessing %s tokens is throttled by address', async (kind) => {
    clock.advance(60_000);
    const tokens = await logIn(server, browser);
    const guess = async () => (await revoke({ token: mintCredential(systemIds, kind).value })).status;
    for (let n = 0; n < 60; n++) expect(await guess()).toBe(200);
    expect(await guess()).toBe(429);
    expect((await revoke({ token: 'malformed, which costs no query' })).status).toBe(200);
    expect(await statusOf(tokens.access_token)).toBe(200);
    clock.advance(60_000);
    expect((await revoke({ token: tokens.access_token })).status).toBe(200);
    await expectOver(tokens);
  });
});

describe('the list of sign-ins', () => {
  test('shows a person’s own, marks the current one, and ends one at once', async () => {
    const [mine, other] = [await logIn(server, browser), await logIn(server, browser)];
    const { body } = await server.call(mine.access_token, 'GET', '/v1/users/self/logins');
    const current = body.logins.find((login: { current: boolean }) => login.current);
    expect(current).toMatchObject({ clientName: 'Pipecat Cloud command line', via: 'browser', address: '127.0.0.1' });
    expect(current.lastIssuedAt).toBe(clock.now().toISOString());
    expect(JSON.stringify(body)).not.toContain(mine.access_token.slice(-20));

    // Accepted and cached just before.
    expect(await statusOf(mine.access_token)).toBe(200);
    const ended = await browser.send('DELETE', `/v1/users/self/logins/${current.id}`);
    expect([ended.statusCode, ended.json()]).toEqual([200, { status: 'OK' }]);
    await expectOver(mine);
    expect(await statusOf(other.access_token)).toBe(200);
    expect((await browser.send('DELETE', `/v1/users/self/logins/${current.id}`)).statusCode).toBe(404);
  });

  test('is emptied by the panic of its person', async () => {
    const before = await logIn(server, browser);
    clock.advance(1000);
    const since = clock.now().toISOString();
    const after = await logIn(server, browser);
    expect((await browser.send('POST', '/v1/tokens/panic', { since })).statusCode).toBe(200);
    await expectOver(after);
    expect(await statusOf(before.access_token)).toBe(200);
  });

  test('its person’s panic ends their other dashboard sessions too, and nobody else’s', async () => {
    const other = createBrowser(server);
    await other.signIn('owner@example.com');
    const { userId } = await (await server.organization('calm')).member('viewer');
    const stranger = createBrowser(server);
    await stranger.signIn((await server.store.accounts.find(userId))?.email ?? '');
    const statuses = () =>
      Promise.all([browser, other, stranger].map(async ({ send }) => (await send('GET', '/v1/users')).statusCode));
    expect(await statuses()).toEqual([200, 200, 200]);
    const since = clock.now().toISOString();
    expect((await browser.send('POST', '/v1/tokens/panic', { since })).statusCode).toBe(200);
    expect(await statuses()).toEqual([200, 401, 200]);
    const [record] = await server.store.audit.search(null, { action: 'token.panic' }, { limit: 1 });
    expect(record?.detail).toMatchObject({ endedSessions: 1 });
  });

  test('is closed to another person, and to tokens', async () => {
    const tokens = await logIn(server, browser);
    const { id } = (await browser.send('GET', '/v1/users/self/logins')).json().logins[0];
    const { userId, token } = await (await server.organization('others')).member('owner');
    const other = createBrowser(server);
    await other.signIn((await server.store.accounts.find(userId))?.email ?? '');
    expect((await other.send('GET', '/v1/users/self/logins')).json()).toEqual({ logins: [] });
    expect((await other.send('DELETE', `/v1/users/self/logins/${id}`)).statusCode).toBe(404);
    expect((await server.call(token, 'GET', '/v1/users/self/logins')).body.reason).toBe('wrong_credential_kind');
    expect(await statusOf(tokens.access_token)).toBe(200);
  });

  test('requests that come while a sign-in is ended are refused from then on', async () => {
    const tokens = await logIn(server, browser);
    const login = (await server.call(tokens.access_token, 'GET', '/v1/users/self/logins')).body.logins.find(
      (entry: { current: boolean }) => entry.current,
    );
    let over = false;
    const late: number[] = [];
    const hammer = Array.from({ length: 20 }, async () => {
      for (let n = 0; n < 20; n++) {
        const begunAfter = over;
        const status = await statusOf(tokens.access_token);
        if (begunAfter) late.push(status);
      }
    });
    await browser.send('DELETE', `/v1/users/self/logins/${login.id}`);
    over = true;
    await Promise.all(hammer);
    late.push(await statusOf(tokens.access_token));
    // Those that come after it are throttled at last.
    expect(late.filter((status) => status !== 401 && status !== 429)).toEqual([]);
  });
});
