import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request as httpsRequest } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readConfig } from '../config/config.js';
import { createAuthority, noCertificates } from '../testing/certificates.js';
import { type Harness, harness } from '../testing/harness.js';
import { createHttp } from './server.js';
import { readCertificate } from './tls.js';

describe.skipIf(noCertificates)(`over TLS${noCertificates ? ` (${noCertificates})` : ''}`, () => {
  let folder: string;
  let authority: Awaited<ReturnType<typeof createAuthority>>;
  let server: Harness;
  let port: number;
  const publicUrl = 'https://localhost:7443';
  const files = () => ({ certFile: join(folder, 'cert.pem'), keyFile: join(folder, 'key.pem') });

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pipecat-cloud-tls-'));
    authority = await createAuthority(folder);
    const { certFile, keyFile } = files();
    await authority.sign(certFile, keyFile);
    server = await harness({
      environment: {
        PIPECAT_CLOUD_TLS_CERT: certFile,
        PIPECAT_CLOUD_TLS_KEY: keyFile,
        PIPECAT_CLOUD_PUBLIC_URL: publicUrl,
      },
    });
    await server.http.listen({ port: 0, host: '127.0.0.1' });
    port = (server.http.server.address() as { port: number }).port;
  });
  afterAll(async () => {
    await server?.end();
    await rm(folder, { recursive: true });
  });

  /** One request on a connection of its own, trusting the authority alone. */
  function get(path: string): Promise<{ status: number; type: string; body: unknown; serial: string }> {
    return new Promise((resolve, reject) => {
      const asked = httpsRequest({ host: 'localhost', port, path, ca: authority.ca, agent: false }, (answer) => {
        const serial = (answer.socket as TLSSocket).getPeerCertificate().serialNumber;
        let text = '';
        answer.setEncoding('utf8').on('data', (chunk) => {
          text += chunk;
        });
        answer.on('end', () =>
          resolve({
            status: answer.statusCode ?? 0,
            type: answer.headers['content-type'] ?? '',
            body: JSON.parse(text) as unknown,
            serial,
          }),
        );
      });
      asked.on('error', reject);
      asked.end();
    });
  }

  test('discovery passes every check of official clients', async () => {
    const config = (await get('/auth/config')).body as { issuer: string };
    expect(config.issuer).toBe(publicUrl);
    const { status, type, body } = await get('/.well-known/openid-configuration');
    expect([status, type]).toEqual([200, 'application/json; charset=utf-8']);
    const document = body as Record<string, unknown>;
    expect(document.issuer).toBe(config.issuer);
    expect(document.authorization_endpoint).toMatch(/^https:\/\/[^?]+$/);
    expect(document.token_endpoint).toMatch(/^https:\/\//);
    expect(document.code_challenge_methods_supported).toContain('S256');
    expect(document.response_types_supported).toContain('code');
  });

  test('cookies of a sign-in go over TLS alone, and to no script', async () => {
    const url = `/oauth/authorize?response_type=code&client_id=pcc-cli&scope=openid&code_challenge_method=S256&code_challenge=${'a'.repeat(43)}`;
    const answer = await server.http.inject({
      url: `${url}&redirect_uri=${encodeURIComponent('http://127.0.0.1:8400/oauth_callback')}`,
    });
    expect(answer.headers.location).toMatch(/^\/oauth\/consent\?uid=/);
    const cookies = [answer.headers['set-cookie']].flat().map(String);
    expect(cookies.length).toBeGreaterThan(0);
    for (const cookie of cookies) expect(cookie).toMatch(/(?=.*; secure)(?=.*; httponly)(?=.*; samesite=lax)/i);
  });

  test('a renewed certificate is served without a restart; a broken one is not', async () => {
    const before = (await get('/livez')).serial;
    const { certFile, keyFile } = files();
    await authority.sign(certFile, keyFile);
    await server.reloadCertificate();
    const renewed = (await get('/livez')).serial;
    expect(renewed).not.toBe(before);
    await writeFile(certFile, 'half a certif');
    await server.reloadCertificate();
    expect((await get('/livez')).serial).toBe(renewed);
  });

  test('files that do not belong together, or are not there, stop the start in one line', async () => {
    const other = { certFile: join(folder, 'other.pem'), keyFile: join(folder, 'other.key') };
    await authority.sign(other.certFile, other.keyFile);
    await expect(readCertificate({ ...other, keyFile: join(folder, 'ca.key') })).rejects.toThrow(/no certificate and/);
    await expect(readCertificate({ ...other, certFile: join(folder, 'none.pem') })).rejects.toThrow(
      /PIPECAT_CLOUD_TLS_CERT.*ENOENT/,
    );
  });
});

describe('settings', () => {
  test('one of the two files alone is refused', () => {
    expect(() => readConfig({ PIPECAT_CLOUD_TLS_CERT: 'a.pem' })).toThrow(/PIPECAT_CLOUD_TLS_KEY: a file/);
    expect(() => readConfig({ PIPECAT_CLOUD_TLS_KEY: 'a.pem' })).toThrow(/PIPECAT_CLOUD_TLS_CERT: a file/);
  });

  test('with a certificate the public address is https by default', () => {
    const config = readConfig({ PIPECAT_CLOUD_TLS_CERT: 'a.pem', PIPECAT_CLOUD_TLS_KEY: 'b.pem', PORT: '7443' });
    expect(config.publicUrl).toBe('https://localhost:7443');
  });

  test.each(['yes', '10.0.0.0/33', '10.0.0.0/8/8', '::1/129', 'proxy.example'])('%s is no trusted proxy', (text) => {
    expect(() => readConfig({ PIPECAT_CLOUD_TRUSTED_PROXIES: text })).toThrow(/PIPECAT_CLOUD_TRUSTED_PROXIES/);
  });
});

describe('behind a proxy', () => {
  test.each([
    ['no proxy is trusted', [], '10.1.2.3', '10.1.2.3'],
    ['a trusted proxy sent it', ['10.0.0.0/8', '::1'], '10.1.2.3', '198.51.100.9'],
    ['another host pretends to be one', ['10.0.0.0/8'], '192.0.2.4', '192.0.2.4'],
  ])('whose address counts: %s', async (_name, trustedProxies, from, seen) => {
    const app = createHttp(pino({ enabled: false }), { trustedProxies });
    app.get('/address', async (request) => ({ address: request.ip }));
    // What a client put into the header itself stands before what the proxy adds.
    const headers = { 'x-forwarded-for': '203.0.113.66, 198.51.100.9' };
    const answer = await app.inject({ url: '/address', remoteAddress: from, headers });
    expect(answer.json()).toEqual({ address: seen });
    await app.close();
  });
});
