import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { createBrowser, createPkce, type OauthHarness, oauthHarness, postForm } from '../testing/oauth-client.js';

vi.mock('oidc-provider', () => {
  throw new Error('the library was loaded');
});

let server: OauthHarness;
beforeAll(async () => {
  server = await oauthHarness();
});
afterAll(() => server.end());

test('what clients and revokers ask is answered without the library', async () => {
  for (const url of [
    '/auth/config',
    '/.well-known/openid-configuration',
    '/.well-known/oauth-authorization-server',
    '/oauth/jwks',
  ])
    expect([url, (await server.http.inject({ url })).statusCode]).toEqual([url, 200]);
  expect((await postForm(server, '/oauth/revoke', { token: 'x' })).status).toBe(200);
  expect((await server.call(undefined, 'POST', '/auth/logout', {})).status).toBe(200);
  expect((await postForm(server, '/oauth/token', { grant_type: 'password' })).status).toBe(400);
});

test('the first sign-in loads it; where that fails the answer is a plain 500', async () => {
  const { challenge } = createPkce();
  const browser = createBrowser(server);
  const url = `/oauth/authorize?client_id=pcc-cli&code_challenge=${challenge}`;
  const answer = await browser.send('GET', url);
  expect([answer.statusCode, answer.json().error]).toEqual([500, 'Internal server error']);
});
