import { createPublicKey, verify } from 'node:crypto';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openKeys } from '../config/keys.js';
import { createBrowser, issuer, logIn, type OauthHarness, oauthHarness } from '../testing/oauth-client.js';
import { createLazyProvider } from './oauth-provider.js';
import { createRecordDigests } from './record-digests.js';
import { createRecordSeal } from './record-seal.js';

let server: OauthHarness;
beforeAll(async () => {
  server = await oauthHarness();
});
afterAll(() => server.end());

const get = (url: string) => server.http.inject({ url });

describe('what clients ask first', () => {
  test('GET /auth/config needs no credential', async () => {
    const answer = await get('/auth/config');
    expect(answer.json()).toEqual({
      issuer,
      client_id: 'pcc-cli',
      scopes: 'openid profile email offline_access',
    });
  });

  test.each(['/.well-known/openid-configuration', '/.well-known/oauth-authorization-server'])(
    '%s has what official clients check',
    async (url) => {
      const answer = await get(url);
      expect(answer.headers['content-type']).toContain('application/json');
      const document = answer.json();
      expect(document.issuer).toBe(issuer);
      expect(document.issuer.endsWith('/')).toBe(false);
      expect(document.authorization_endpoint).toBe(`${issuer}/oauth/authorize`);
      expect(document.token_endpoint).toBe(`${issuer}/oauth/token`);
      expect(document.code_challenge_methods_supported).toEqual(['S256']);
      expect(document.response_types_supported).toEqual(['code']);
      expect(document.authorization_response_iss_parameter_supported).toBe(true);
    },
  );

  test('our document says what the library’s own would say', async () => {
    const keys = await openKeys(`${server.directory}/keys.json`);
    const provider = await createLazyProvider({
      ...{ issuer, keys, store: server.store, log: pino({ enabled: false }) },
      clock: { now: () => new Date() },
      ids: { id: () => '', hex: () => '' },
      digests: createRecordDigests(server.digests),
      seal: createRecordSeal(keys.masters),
      endReplayed: async () => {},
    })();
    const listening = provider.listen(0);
    const { port } = listening.address() as { port: number };
    const theirs = (await (
      await fetch(`http://127.0.0.1:${port}/.well-known/openid-configuration`, {
        headers: { 'x-forwarded-host': 'localhost:7400', 'x-forwarded-proto': 'http' },
      })
    ).json()) as Record<string, unknown>;
    listening.close();
    const ours = (await get('/.well-known/openid-configuration')).json();
    for (const name of [
      'issuer',
      'authorization_endpoint',
      'token_endpoint',
      'jwks_uri',
      'device_authorization_endpoint',
      'response_types_supported',
      'code_challenge_methods_supported',
      'subject_types_supported',
      'id_token_signing_alg_values_supported',
      'authorization_response_iss_parameter_supported',
      'token_endpoint_auth_methods_supported',
    ])
      expect([name, ours[name]]).toEqual([name, theirs[name]]);
    for (const name of ['grant_types_supported', 'scopes_supported'])
      expect([name, [...ours[name]].sort()]).toEqual([name, [...(theirs[name] as string[])].sort()]);
    expect(theirs.response_modes_supported).toEqual(expect.arrayContaining(ours.response_modes_supported));
    expect(theirs.claims_supported).toEqual(expect.arrayContaining(ours.claims_supported));
  });

  test('ID tokens verify under the published key, which shows nothing private', async () => {
    const browser = createBrowser(server);
    await browser.signIn('owner@example.com');
    const { id_token } = await logIn(server, browser);
    const { keys } = (await get('/oauth/jwks')).json();
    expect(keys).toHaveLength(1);
    expect(Object.keys(keys[0]).sort()).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y']);
    const [header = '', payload = '', signature = ''] = id_token.split('.');
    const read = (part: string) => JSON.parse(Buffer.from(part, 'base64url').toString());
    expect(read(header)).toMatchObject({ alg: 'ES256', kid: keys[0].kid });
    expect(read(payload)).toMatchObject({ iss: issuer, aud: 'pcc-cli', email: 'owner@example.com' });
    const key = { key: createPublicKey({ key: keys[0], format: 'jwk' }), dsaEncoding: 'ieee-p1363' as const };
    expect(verify('sha256', Buffer.from(`${header}.${payload}`), key, Buffer.from(signature, 'base64url'))).toBe(true);
  });
});
