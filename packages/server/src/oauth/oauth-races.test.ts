import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { scratchDatabases } from '../testing/databases.js';
import {
  type Browser,
  createBrowser,
  createPkce,
  logIn,
  type OauthHarness,
  oauthHarness,
  redeem,
  refresh,
} from '../testing/oauth-client.js';

describe.each(scratchDatabases)('requests that race, on $name', ({ create }) => {
  let server: OauthHarness;
  let browser: Browser;
  let drop: () => Promise<void>;

  beforeAll(async () => {
    const database = await create();
    drop = database.drop;
    server = await oauthHarness(database.url ? { databaseUrl: database.url } : {});
    browser = createBrowser(server);
    await browser.signIn('owner@example.com');
  });
  afterAll(async () => {
    await server.end();
    await drop();
  });

  const statusOf = async (bearer: unknown) => (await server.call(String(bearer), 'GET', '/v1/users')).status;

  test('a double click makes one sign-in', async () => {
    const { uid } = await browser.open({ code_challenge: createPkce().challenge });
    const count = async () => (await browser.send('GET', '/v1/users/self/logins')).json().logins.length as number;
    const before = await count();
    const decide = () => browser.send('POST', `/v1/oauth/interactions/${uid}`, { decision: 'allow' });
    const answers = await Promise.all(Array.from({ length: 6 }, decide));
    expect(answers.filter(({ statusCode }) => statusCode === 200)).toHaveLength(1);
    expect(answers.filter(({ statusCode }) => statusCode === 409)).toHaveLength(5);
    expect((await count()) - before).toBe(1);
  });

  test('a code that is redeemed many times at once gives nothing that lasts', async () => {
    const { verifier, challenge } = createPkce();
    const { uid } = await browser.open({ code_challenge: challenge });
    const code = (await browser.decide(uid)).searchParams.get('code') ?? '';
    const answers = await Promise.all(Array.from({ length: 5 }, () => redeem(server, code, verifier)));
    const won = answers.filter(({ status }) => status === 200);
    expect(won.length).toBeLessThanOrEqual(1);
    for (const { body } of won) {
      expect(await statusOf(body.access_token)).toBe(401);
      expect((await refresh(server, String(body.refresh_token))).body.error).toBe('invalid_grant');
    }
  });

  test('of two refreshes at once one wins; a replay afterwards ends what it got', async () => {
    const { refresh_token } = await logIn(server, browser);
    const answers = await Promise.all([refresh(server, refresh_token), refresh(server, refresh_token)]);
    const won = answers.filter(({ status }) => status === 200);
    expect(won).toHaveLength(1);
    expect(answers.find(({ status }) => status !== 200)?.body.error).toBe('invalid_grant');
    await refresh(server, refresh_token);
    expect(await statusOf(won[0]?.body.access_token)).toBe(401);
  });

  test('a refresh that races the end of its sign-in leaves nothing behind', async () => {
    const tokens = await logIn(server, browser);
    const list = await server.call(tokens.access_token, 'GET', '/v1/users/self/logins');
    const { id } = list.body.logins.find(({ current }: { current: boolean }) => current);
    const [renewed] = await Promise.all([
      refresh(server, tokens.refresh_token),
      browser.send('DELETE', `/v1/users/self/logins/${id}`),
    ]);
    expect(await statusOf(tokens.access_token)).toBe(401);
    if (renewed.status === 200) {
      expect(await statusOf(renewed.body.access_token)).toBe(401);
      expect((await refresh(server, String(renewed.body.refresh_token))).body.error).toBe('invalid_grant');
    }
  });
});
