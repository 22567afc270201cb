import { formatToken, parseToken } from '@pipecat-cloud/contract/token-format';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Harness, harness, type TestOrganization } from '../testing/harness.js';
import type { CredentialFormat } from './credential-format.js';

let server: Harness;
let ours: TestOrganization;
let theirs: TestOrganization;
beforeAll(async () => {
  server = await harness();
  ours = await server.organization('ours');
  theirs = await server.organization('theirs');
});
afterAll(() => server.end());

describe('findings of an organization', () => {
  test('are for those who may read its audit log, in pages', async () => {
    const admin = await ours.member('admin');
    const made = await server.call(admin.token, 'POST', '/v1/organizations/ours/apiKeys', {
      name: 'k',
      type: 'private',
    });
    for (const name of ['a', 'b', 'c']) {
      server.leaks.watch.add(made.body.key, { organizationId: ours.id, kind: 'secret_set', name, reference: null }, 2);
    }
    await server.leaks.watch.idle();
    const { status, body } = await server.call(admin.token, 'GET', '/v1/organizations/ours/leaks?limit=2&offset=1');
    expect(status).toBe(200);
    expect(body).toMatchObject({ total: 3, limit: 2, offset: 1 });
    expect(body.findings).toHaveLength(2);
    expect(body.findings[0]).toEqual({
      id: expect.any(String),
      credential: { kind: 'private', id: made.body.id, masked: expect.stringMatching(/^sk_…/) },
      place: { kind: 'secret_set', name: expect.any(String), reference: null },
      firstSeenAt: expect.any(String),
      lastSeenAt: expect.any(String),
      count: 2,
      revoked: false,
    });
    for (const query of ['limit=0', 'limit=201', 'offset=-1', 'x=1']) {
      expect((await server.call(admin.token, 'GET', `/v1/organizations/ours/leaks?${query}`)).status).toBe(400);
    }
  });

  test('are refused to developers, to others and without a credential', async () => {
    const { token } = await ours.member('developer');
    const refused = await server.call(token, 'GET', '/v1/organizations/ours/leaks');
    expect(refused).toMatchObject({ status: 403, body: { reason: 'missing_permission' } });
    const stranger = await theirs.member('owner');
    const outside = await server.call(stranger.token, 'GET', '/v1/organizations/ours/leaks');
    expect(outside).toMatchObject({ status: 403, body: { reason: 'wrong_organization' } });
    expect((await server.call(stranger.token, 'GET', '/v1/organizations/theirs/leaks')).body).toMatchObject({
      total: 0,
    });
    expect((await server.call(undefined, 'GET', '/v1/organizations/ours/leaks')).status).toBe(401);
  });
});

describe('the format page', () => {
  const url = '/.well-known/pipecat-credentials';

  test('has rules that fit every kind, and test vectors that this server accepts', async () => {
    const { status, headers, body } = await server.call(undefined, 'GET', url);
    expect(status).toBe(200);
    expect(headers['content-type']).toContain('application/json');
    const format = body as CredentialFormat;
    expect(format.report.url).toBe('http://localhost:7400/v1/credentials/revoke');
    for (const { kind, prefix, length, regex, example } of format.credentials) {
      expect(example).toBe(formatToken(kind, '0123456789abcdef0123456789abcdef01234567'));
      expect(example).toHaveLength(length);
      expect(example.startsWith(prefix)).toBe(true);
      expect(example).toMatch(new RegExp(`^${regex}$`));
      expect(example).toMatch(new RegExp(`^${format.regex}$`));
      expect(parseToken(example)).toEqual({ kind, legacy: false });
      expect(format.checksum.testVectors).toContain(example);
    }
  });

  test('is a page for a browser, without anything that runs', async () => {
    const answer = await server.http.inject({ url, headers: { accept: 'text/html,application/xhtml+xml' } });
    expect(answer.headers['content-type']).toContain('text/html');
    expect(answer.headers.vary).toContain('accept');
    expect(answer.headers['content-security-policy']).toContain("default-src 'none'");
    expect(answer.body).toContain('pcc_pat_0123456789abcdef0123456789abcdef0123456776953425');
    expect(answer.body).not.toContain('<script');
  });
});
