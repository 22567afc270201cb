import { privateKeyPermissions, routeAccess } from '@pipecat-cloud/contract/permissions';
import { defaultPolicy } from '@pipecat-cloud/contract/policies';
import type { Grant } from '@pipecat-cloud/contract/tokens';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Harness, harness, type Member, type TestOrganization } from '../testing/harness.js';

let server: Harness;
let acme: TestOrganization;
let admin: Member;
let key: string;
let keyId: string;

beforeEach(async () => {
  server = await harness();
  acme = await server.organization('acme');
  admin = await acme.member('owner', { permissions: ['keys:write', ...privateKeyPermissions] });
  const made = await server.call(admin.token, 'POST', '/v1/organizations/acme/apiKeys', {
    name: 'server',
    type: 'private',
  });
  [key, keyId] = [made.body.key, made.body.id];
});
afterEach(() => server.end());

const makeKey = (token: string) =>
  server.call(token, 'POST', '/v1/organizations/acme/apiKeys', { name: 'another', type: 'private' });
const agents = (credential = key) => server.call(credential, 'GET', '/v1/agents');

test('no route asks more of a private key than every private key holds', () => {
  const routes = Object.entries(routeAccess).filter(([, { kinds }]) => kinds.includes('private'));
  expect(routes.length).toBe(24);
  for (const [route, { needs, kinds }] of routes) {
    expect([route, kinds, privateKeyPermissions.has(needs as 'org:read')]).toEqual([route, ['private'], true]);
  }
});

test('it says what the route needed, and nothing of tokens', async () => {
  const { status, headers } = await agents();
  expect([status, headers['pipecat-accepted-permissions']]).toEqual([200, 'agents:read']);
  expect(headers['pipecat-token-id']).toBeUndefined();
});

test.each<[string, Grant, string | undefined]>([
  ['it lacks org:read, org:write, agents:read, agents:deploy', { permissions: ['keys:write'] }, undefined],
  ['works from any network', { networks: ['127.0.0.0/8'] }, undefined],
  ['never ends', {}, '2036-01-01T00:00:00.000Z'],
])('a token that is narrower neither makes nor rotates one: %s', async (why, grant, end) => {
  const permissions = grant.permissions ?? ['keys:write' as const, ...privateKeyPermissions];
  const { token } = await acme.member('admin', { ...grant, permissions }, end);
  const rotated = await server.call(token, 'POST', `/v1/organizations/acme/apiKeys/${keyId}/rotate`);
  for (const refused of [await makeKey(token), rotated]) {
    expect(refused).toMatchObject({ status: 403, body: { reason: 'missing_permission' } });
    expect(refused.body.error).toContain(why);
    expect(refused.body.error).toContain("'auth login'");
  }
  expect((await agents()).status).toBe(200);
});

test('a token that a rotation is about to end neither makes nor rotates one, and the one in its place does', async () => {
  const { token } = await acme.member('admin');
  const rotated = await server.call(token, 'POST', '/v1/tokens/self/rotate', {});
  expect(rotated.body.predecessor.endsAt).toEqual(expect.any(String));
  const refusals = [
    await makeKey(token),
    await server.call(token, 'POST', `/v1/organizations/acme/apiKeys/${keyId}/rotate`),
  ];
  for (const refused of refusals) {
    expect(refused).toMatchObject({ status: 403, body: { reason: 'missing_permission' } });
    expect(refused.body.error).toContain(`a rotation ends it by ${rotated.body.predecessor.endsAt}`);
    expect(refused.body.error).toContain('the one that takes its place');
  }
  expect((await makeKey(rotated.body.value)).status).toBe(200);
});

test('a token that acts as an admin, from anywhere and without an end, makes one', async () => {
  expect((await makeKey((await acme.member('admin')).token)).status).toBe(200);
});

test('revoked, it opens nothing from that moment on', async () => {
  expect((await agents()).status).toBe(200);
  await server.call(admin.token, 'DELETE', `/v1/organizations/acme/apiKeys/${keyId}`);
  expect(await agents()).toMatchObject({ status: 401, body: { code: '401', reason: 'revoked_token' } });
});

test('the networks of the policy bind it from the next request', async () => {
  expect((await agents()).status).toBe(200);
  const policy = (allowedNetworks: string[]) =>
    server.store.changeAccess((repos) =>
      repos.policies.put(acme.id, { ...defaultPolicy, allowedNetworks }, null, new Date()),
    );
  await policy(['192.0.2.0/24']);
  expect(await agents()).toMatchObject({ status: 403, body: { reason: 'address_not_allowed' } });
  await policy(['127.0.0.1']);
  expect((await agents()).status).toBe(200);
});

test('another credential is told what to send instead', async () => {
  const refused = await agents(admin.token);
  expect(refused).toMatchObject({ status: 403, body: { reason: 'wrong_credential_kind' } });
  expect(refused.body.error).toBe(
    'This endpoint takes a private API key (sk_…); you sent a personal access token (pcc_pat_…)',
  );
  expect(await server.call(key, 'GET', '/v1/organizations/acme/services')).toMatchObject({
    status: 403,
    body: { reason: 'wrong_credential_kind' },
  });
});

test('what it changes is in the audit log under its own name', async () => {
  const body = { secrets: [{ secretKey: 'A', secretValue: 'v' }] };
  expect((await server.call(key, 'PUT', '/v1/secrets/prod', body)).status).toBe(202);
  expect(await server.store.audit.list(acme.id, 1)).toMatchObject([
    { action: 'secret.set_created', actorKind: 'apiKey', actorId: acme.id, credentialId: keyId },
  ]);
});
