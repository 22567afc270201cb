import { oauthClientId, oauthScopes } from '@pipecat-cloud/contract/oauth';
import { formatToken } from '@pipecat-cloud/contract/token-format';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createFakeClock } from '../testing/harness.js';
import {
  type Browser,
  createBrowser,
  issuer,
  type OauthHarness,
  oauthHarness,
  poll,
  refresh,
} from '../testing/oauth-client.js';

const email = 'owner@example.com';
let clock: ReturnType<typeof createFakeClock>;
let server: OauthHarness;
let browser: Browser;

beforeEach(async () => {
  clock = createFakeClock();
  server = await oauthHarness({ clock });
  browser = createBrowser(server);
  await browser.signIn(email);
});
afterEach(() => server.end());

interface Started {
  device_code: string;
  user_code: string;
  verification_uri: string;
  verification_uri_complete: string;
  expires_in: number;
}

async function start(headers: Record<string, string> = {}): Promise<Started> {
  const answer = await server.http.inject({
    ...{ method: 'POST', url: '/oauth/device/code', remoteAddress: '203.0.113.7' },
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      'user-agent': 'PipecatCloudCLI/0.1.0',
      ...headers,
    },
    payload: new URLSearchParams({ client_id: oauthClientId, scope: oauthScopes }).toString(),
  });
  expect(answer.statusCode).toBe(200);
  return answer.json<Started>();
}
const look = (userCode: string, by = browser) => by.send('POST', '/v1/oauth/device', { userCode });
const decide = (userCode: string, decision: 'allow' | 'deny', by = browser) =>
  by.send('POST', '/v1/oauth/device/decision', { userCode, decision });
/** As the next poll of a patient client. */
const pollLater = (deviceCode: string) => {
  clock.advance(5_000);
  return poll(server, deviceCode);
};

describe('signing in a device', () => {
  test('waits, is allowed by a person elsewhere, and gets tokens once', async () => {
    const started = await start();
    expect(started.user_code).toMatch(/^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$/);
    expect(started.verification_uri).toBe(`${issuer}/device`);
    expect(started.expires_in).toBe(600);
    expect((await pollLater(started.device_code)).body.error).toBe('authorization_pending');

    // As people type it.
    const typed = started.user_code.toLowerCase().replace('-', ' ');
    const shown = (await look(typed)).json();
    expect(shown).toMatchObject({
      kind: 'device',
      address: '203.0.113.7',
      userAgent: 'PipecatCloudCLI/0.1.0',
      clientName: 'Pipecat Cloud command line',
      redirectUri: null,
    });
    expect((await decide(typed, 'allow')).json()).toEqual({ status: 'OK' });

    const { status, body } = await pollLater(started.device_code);
    expect(status).toBe(200);
    const who = await server.call(String(body.access_token), 'GET', '/v1/users');
    expect(who.body.user.emails[0].emailAddress).toBe(email);

    // A device code that comes again ends what its first use gave.
    expect((await pollLater(started.device_code)).body.error).toBe('invalid_grant');
    expect((await server.call(String(body.access_token), 'GET', '/v1/users')).status).toBe(401);
  });

  test('a refusal is told to the device, and the code is gone', async () => {
    const { device_code, user_code } = await start();
    expect((await decide(user_code, 'deny')).statusCode).toBe(200);
    expect((await pollLater(device_code)).body.error).toBe('access_denied');
    expect((await look(user_code)).statusCode).toBe(404);
  });

  test('only one decision counts, also of two at once', async () => {
    const { user_code, device_code } = await start();
    const answers = await Promise.all([decide(user_code, 'allow'), decide(user_code, 'allow')]);
    expect(answers.filter(({ statusCode }) => statusCode === 200)).toHaveLength(1);
    expect((await decide(user_code, 'deny')).statusCode).toBe(404);
    expect((await pollLater(device_code)).status).toBe(200);
    expect((await browser.send('GET', '/v1/users/self/logins')).json().logins).toHaveLength(1);
  });

  test('a client that hurries is told to slow down, and keeps its code', async () => {
    const { device_code, user_code } = await start();
    expect((await pollLater(device_code)).body.error).toBe('authorization_pending');
    clock.advance(1_000);
    const hurried = await poll(server, device_code);
    expect([hurried.status, hurried.body.error]).toEqual([400, 'slow_down']);
    await decide(user_code, 'allow');
    expect((await pollLater(device_code)).status).toBe(200);
  });

  test('a code that nobody decided on expires for both', async () => {
    const { device_code, user_code } = await start();
    clock.advance(601_000);
    expect((await look(user_code)).statusCode).toBe(410);
    expect((await decide(user_code, 'allow')).statusCode).toBe(410);
    expect((await poll(server, device_code)).body.error).toBe('expired_token');
  });

  test('guessing codes is throttled for the one who guesses', async () => {
    const { user_code } = await start();
    for (let n = 0; n < 10; n++) expect((await look(`BBBB-BBB${'CDFGHJKLMN'[n]}`)).statusCode).toBe(404);
    expect((await look(user_code)).statusCode).toBe(429);
    const acme = await server.organization('acme');
    const { userId } = await acme.member('viewer');
    const other = createBrowser(server);
    await other.signIn((await server.store.accounts.find(userId))?.email ?? '');
    expect((await look(user_code, other)).statusCode).toBe(200);
  });

  test('nobody decides without a session, or from another site', async () => {
    const { user_code } = await start();
    expect((await decide(user_code, 'allow', createBrowser(server))).statusCode).toBe(401);
    const foreign = await browser.send(
      'POST',
      '/v1/oauth/device/decision',
      { userCode: user_code, decision: 'allow' },
      { origin: 'https://evil.example' },
    );
    expect(foreign.statusCode).toBe(403);
    const { token } = await (await server.organization('acme')).member('owner');
    const byToken = await server.call(token, 'POST', '/v1/oauth/device', { userCode: user_code });
    expect([byToken.status, byToken.body.reason]).toEqual([403, 'wrong_credential_kind']);
  });

  test('what a request says of its host changes no address that people are sent to', async () => {
    const started = await start({ host: 'evil.example', 'x-forwarded-host': 'evil.example', forwarded: 'host=evil' });
    expect(started.verification_uri).toBe(`${issuer}/device`);
    expect(started.verification_uri_complete).toBe(`${issuer}/device?user_code=${started.user_code}`);
    // Nor does it choose the address that the person is shown.
    const pretending = await start({ 'x-forwarded-for': '198.51.100.1' });
    expect((await look(pretending.user_code)).json().address).toBe('203.0.113.7');
  });

  test('starting is throttled by address', async () => {
    for (let n = 0; n < 120; n++) await start();
    const answer = await server.http.inject({
      ...{ method: 'POST', url: '/oauth/device/code', remoteAddress: '203.0.113.7' },
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      payload: `client_id=${oauthClientId}`,
    });
    expect(answer.statusCode).toBe(429);
  });

  test('guessing refresh tokens is throttled by address; waiting for a decision is not', async () => {
    const { device_code } = await start();
    const guess = (n: number) => refresh(server, formatToken('refresh', n.toString(16).padStart(40, '0')));
    for (let n = 0; n < 60; n++) expect((await guess(n)).status).toBe(400);
    expect((await guess(60)).status).toBe(429);
    clock.advance(60_000);
    for (let n = 0; n < 70; n++) expect((await pollLater(device_code)).status).toBe(400);
    expect((await guess(61)).status).toBe(400);
  });
});
