import { parseToken } from '@pipecat-cloud/contract/token-format';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createFakeClock } from '../testing/harness.js';
import {
  authorizeUrl,
  type Browser,
  createBrowser,
  createPkce,
  issuer,
  logIn,
  type OauthHarness,
  oauthHarness,
  redeem,
  redirectUri,
  refresh,
  token,
} from '../testing/oauth-client.js';

const email = 'owner@example.com';
const clock = createFakeClock();
let server: OauthHarness;
let browser: Browser;

beforeAll(async () => {
  server = await oauthHarness({ clock });
  browser = createBrowser(server);
  await browser.signIn(email);
});
afterAll(() => server.end());

const whoAmI = (bearer: string) => server.call(bearer, 'GET', '/v1/users');

/** A code, with what it takes to redeem it. */
async function obtainCode(params: Record<string, string | undefined> = {}) {
  const { verifier, challenge } = createPkce();
  const { uid } = await browser.open({ code_challenge: challenge, ...params });
  const callback = await browser.decide(uid);
  return { callback, code: callback.searchParams.get('code') ?? '', verifier };
}

describe('signing in through the browser', () => {
  test('ends with tokens of our own format that act as the person', async () => {
    const { callback, code, verifier } = await obtainCode();
    expect(callback.href.startsWith(`${redirectUri}?`)).toBe(true);
    expect(callback.searchParams.get('state')).toBe('state-0123456789');
    // RFC 9207: a client that talks to several servers sees which one has answered.
    expect(callback.searchParams.get('iss')).toBe(issuer);

    const { status, headers, body } = await redeem(server, code, verifier);
    expect(status).toBe(200);
    expect(headers['cache-control']).toContain('no-store');
    expect(headers['content-type']).toContain('application/json');
    expect(body).toMatchObject({ token_type: 'Bearer', expires_in: 3600 });
    expect(parseToken(String(body.access_token))).toEqual({ kind: 'oauth', legacy: false });
    expect(parseToken(String(body.refresh_token))).toEqual({ kind: 'refresh', legacy: false });

    const who = await whoAmI(String(body.access_token));
    expect([who.status, who.body.user.emails]).toEqual([200, [{ emailAddress: email }]]);
    expect((await server.call(String(body.access_token), 'GET', '/v1/organizations')).status).toBe(200);
    // It is for the command line, not for the private API and not for public routes.
    expect((await server.call(String(body.access_token), 'POST', '/v1/public/bot/start', {})).body.reason).toBe(
      'wrong_credential_kind',
    );
    // A refresh token is no bearer.
    expect((await whoAmI(String(body.refresh_token))).body.reason).toBe('malformed_token');
  });

  test('without a dashboard session the page is shown, and its questions are refused', async () => {
    const nobody = createBrowser(server);
    const { uid, location } = await nobody.open({ code_challenge: createPkce().challenge });
    expect(location).toBe(`/oauth/consent?uid=${uid}`);
    expect((await nobody.send('GET', `/v1/oauth/interactions/${uid}`)).statusCode).toBe(401);
    expect((await nobody.send('POST', `/v1/oauth/interactions/${uid}`, { decision: 'allow' })).statusCode).toBe(401);
  });

  test('the page is told who asks, from where and what for', async () => {
    const { uid } = await browser.open({ code_challenge: createPkce().challenge });
    const answer = await browser.send('GET', `/v1/oauth/interactions/${uid}`);
    expect(answer.json()).toMatchObject({
      clientName: 'Pipecat Cloud command line',
      kind: 'browser',
      redirectUri,
      address: '127.0.0.1',
      scopes: ['openid', 'profile', 'email'],
    });
  });

  test('each sign-in asks again, whatever was allowed before', async () => {
    await logIn(server, browser);
    expect((await browser.open({ code_challenge: createPkce().challenge })).location).toContain('/oauth/consent?uid=');
  });

  test('a refusal goes back to the client as one', async () => {
    const { uid } = await browser.open({ code_challenge: createPkce().challenge });
    const callback = await browser.decide(uid, 'deny');
    expect(callback.origin + callback.pathname).toBe(redirectUri);
    expect(Object.fromEntries(callback.searchParams)).toMatchObject({
      error: 'access_denied',
      state: 'state-0123456789',
      iss: issuer,
    });
  });

  test('another person’s browser cannot decide on a request that it has not made', async () => {
    const acme = await server.organization(`o${Date.now().toString(36)}`);
    const mallory = await acme.member('owner');
    const other = createBrowser(server);
    await other.signIn((await server.store.accounts.find(mallory.userId))?.email ?? '');
    const { uid } = await browser.open({ code_challenge: createPkce().challenge });
    await other.open({ code_challenge: createPkce().challenge });
    const seen = await other.send('GET', `/v1/oauth/interactions/${uid}`);
    const decided = await other.send('POST', `/v1/oauth/interactions/${uid}`, { decision: 'allow' });
    expect([seen.statusCode, decided.statusCode]).toEqual([404, 404]);
    expect((await browser.decide(uid)).searchParams.get('code')).toBeTruthy();
  });

  test('a request from another site decides nothing', async () => {
    const { uid } = await browser.open({ code_challenge: createPkce().challenge });
    const url = `/v1/oauth/interactions/${uid}`;
    const foreign = await browser.send('POST', url, { decision: 'allow' }, { origin: 'https://evil.example' });
    const bare = await browser.send('POST', url, { decision: 'allow' }, { 'x-pipecat-csrf': '' });
    expect([foreign.statusCode, bare.statusCode]).toEqual([403, 403]);
    expect((await browser.decide(uid)).searchParams.get('code')).toBeTruthy();
  });

  test('pages and redirects can be framed by nobody', async () => {
    const asked = await browser.send('GET', authorizeUrl({ code_challenge: createPkce().challenge }));
    const failed = await browser.send('GET', authorizeUrl({ client_id: 'nobody' }));
    for (const { headers } of [asked, failed]) {
      expect(headers['content-security-policy']).toContain("frame-ancestors 'none'");
      expect(headers['x-frame-options']).toBe('DENY');
    }
    expect(failed.statusCode).toBe(400);
    expect(failed.body).not.toContain('<script');
  });
});

describe('what a request is refused for', () => {
  test.each([
    ['no PKCE', { code_challenge: undefined, code_challenge_method: undefined }, 'invalid_request'],
    ['PKCE by the plain method', { code_challenge_method: 'plain' }, 'invalid_request'],
    ['PKCE without a method, which means plain', { code_challenge_method: undefined }, 'invalid_request'],
    ['an implicit response', { response_type: 'token' }, 'unsupported_response_type'],
  ])('%s', async (_name, params, error) => {
    const { location } = await browser.open({ code_challenge: createPkce().challenge, ...params });
    const callback = new URL(location);
    expect(callback.href.startsWith(redirectUri)).toBe(true);
    const out = new URLSearchParams(callback.search || callback.hash.slice(1));
    expect(out.get('error')).toBe(error);
    expect(out.get('code')).toBeNull();
    expect(out.get('iss')).toBe(issuer);
  });

  test.each([
    'https://evil.example/oauth_callback',
    'http://127.0.0.1.evil.example:8400/oauth_callback',
    'http://127.0.0.1:8400/elsewhere',
    'http://127.0.0.1:8400/oauth_callback/../x',
    'http://user@127.0.0.1:8400/oauth_callback',
    'http://localhost:8400/oauth_callback',
    'https://127.0.0.1:8400/oauth_callback',
    'javascript:alert(1)',
  ])('an address that is not the client’s is never redirected to: %s', async (uri) => {
    const answer = await browser.send(
      'GET',
      authorizeUrl({ code_challenge: createPkce().challenge, redirect_uri: uri }),
    );
    expect([answer.statusCode, answer.headers.location]).toEqual([400, undefined]);
  });

  test.each([8400, 8401, 8402, 8403, 8404, 51_333])('port %i of the loopback address is accepted', async (port) => {
    const { uid } = await browser.open({
      code_challenge: createPkce().challenge,
      redirect_uri: `http://127.0.0.1:${port}/oauth_callback`,
    });
    expect(uid).not.toBe('');
  });

  test('a wrong verifier, none, and another redirect address than that of the request', async () => {
    const wrong = await obtainCode();
    expect((await redeem(server, wrong.code, createPkce().verifier)).body.error).toBe('invalid_grant');
    const none = await obtainCode();
    const bare = { grant_type: 'authorization_code', code: none.code, redirect_uri: redirectUri };
    expect((await token(server, bare)).body.error).toBe('invalid_grant');
    const elsewhere = await obtainCode();
    const other = await redeem(server, elsewhere.code, elsewhere.verifier, 'http://127.0.0.1:8401/oauth_callback');
    expect(other.body.error).toBe('invalid_grant');
  });

  test('a code that comes too late', async () => {
    const late = await obtainCode();
    clock.advance(61_000);
    expect((await redeem(server, late.code, late.verifier)).body.error).toBe('invalid_grant');
  });

  test.each(['urn:ietf:params:oauth:grant-type:token-exchange', 'password', 'client_credentials'])(
    'the grant type %s, whoever asks',
    async (grantType) => {
      const named = await token(server, { grant_type: grantType });
      const bare = await token(server, { client_id: '', grant_type: grantType });
      expect([named.status, named.body.error]).toEqual([400, 'unsupported_grant_type']);
      expect([bare.status, bare.body.error]).toEqual([400, 'unsupported_grant_type']);
    },
  );

  test('a body that is too large, or of another type', async () => {
    const large = await token(server, { grant_type: 'refresh_token', refresh_token: 'x'.repeat(40_000) });
    expect([large.status, large.body.error]).toEqual([400, 'invalid_request']);
    const json = await server.http.inject({ method: 'POST', url: '/oauth/token', payload: { grant_type: 'x' } });
    expect([json.statusCode, json.json().error]).toEqual([400, 'invalid_request']);
  });
});

describe('what was used once', () => {
  test('a code that comes again ends what its first use gave', async () => {
    const { code, verifier } = await obtainCode();
    const { body } = await redeem(server, code, verifier);
    expect((await whoAmI(String(body.access_token))).status).toBe(200);
    expect((await redeem(server, code, verifier)).body.error).toBe('invalid_grant');
    expect((await whoAmI(String(body.access_token))).status).toBe(401);
    expect((await refresh(server, String(body.refresh_token))).body.error).toBe('invalid_grant');
  });

  test('a refresh token is replaced, and its second use ends the whole sign-in', async () => {
    const first = await logIn(server, browser);
    const second = (await refresh(server, first.refresh_token)).body;
    expect(second.refresh_token).not.toBe(first.refresh_token);
    expect((await whoAmI(String(second.access_token))).status).toBe(200);
    expect((await refresh(server, first.refresh_token)).body.error).toBe('invalid_grant');
    expect((await whoAmI(String(second.access_token))).status).toBe(401);
    expect((await refresh(server, String(second.refresh_token))).body.error).toBe('invalid_grant');
  });
});

describe('how long a sign-in lives', () => {
  test('an hour by the access token, thirty days unused, ninety in all', async () => {
    const tokens = await logIn(server, browser);
    clock.advance(3_600_000 + 6_000);
    expect((await whoAmI(tokens.access_token)).status).toBe(401);
    let last = (await refresh(server, tokens.refresh_token)).body;
    expect((await whoAmI(String(last.access_token))).status).toBe(200);
    const day = 24 * 3_600_000;
    for (const _ of [1, 2, 3]) {
      clock.advance(29 * day);
      last = (await refresh(server, String(last.refresh_token))).body;
      expect(last.access_token).toBeDefined();
    }
    clock.advance(3 * day);
    expect((await refresh(server, String(last.refresh_token))).body.error).toBe('invalid_grant');
  });

  test('unused for thirty days it has ended', async () => {
    const again = createBrowser(server);
    await again.signIn(email);
    const { refresh_token } = await logIn(server, again);
    clock.advance(30 * 24 * 3_600_000 + 1000);
    expect((await refresh(server, refresh_token)).body.error).toBe('invalid_grant');
    await browser.signIn(email);
  });
});
