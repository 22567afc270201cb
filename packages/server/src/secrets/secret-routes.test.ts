import type { FastifyInstance } from 'fastify';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createCredentialDigests } from '../access/credential-digests.js';
import { apiKeyRoutes } from '../api-keys/api-key-routes.js';
import { createApiKeyService } from '../api-keys/api-key-service.js';
import { createHttp } from '../http/server.js';
import { propertyRoutes } from '../properties/property-routes.js';
import { createPropertyService } from '../properties/property-service.js';
import { databases, type TestDatabase } from '../testing/databases.js';
import { openTwoOrganizations, type TwoOrganizations, testKeys } from '../testing/two-organizations.js';
import { createSecretBox } from './secret-box.js';
import { secretRoutes } from './secret-routes.js';
import { createSecretService } from './secret-service.js';

const org = '/v1/organizations/acme';
let world: TwoOrganizations;
let app: FastifyInstance;

beforeEach(async () => {
  world = await openTwoOrganizations(databases[0] as TestDatabase);
  const box = createSecretBox({ masters: testKeys.masters, clock: world.clock });
  const digests = createCredentialDigests(testKeys.peppers);
  app = createHttp(pino({ level: 'silent' }));
  app.addHook('onRequest', async (request) => {
    request.principal = { kind: 'user', userId: 'u1', via: 'session', sessionId: '', secondFactor: false };
    request.organization = (request.params as { org: string }).org === 'acme' ? world.acme : world.bolt;
  });
  await app.register(secretRoutes, { secrets: createSecretService({ ...world, box }) });
  await app.register(apiKeyRoutes, { apiKeys: createApiKeyService({ ...world, box, digests }) });
  await app.register(propertyRoutes, { properties: createPropertyService(world) });
});
afterEach(async () => {
  await app.close();
  await world.drop();
});

async function call(
  method: 'GET' | 'PUT' | 'POST' | 'DELETE' | 'PATCH',
  path: string,
  payload?: object,
  headers: Record<string, string> = {},
) {
  const answer = await app.inject({ method, url: org + path, headers, ...(payload ? { payload } : {}) });
  return { status: answer.statusCode, body: answer.json(), text: answer.body };
}

test('a set from its first key to its end, in the shapes that clients read', async () => {
  const put = await call('PUT', '/secrets/prod', {
    name: 'prod',
    isImagePullSecret: false,
    secretKey: 'A',
    secretValue: 'v',
  });
  expect(put).toMatchObject({ status: 200, body: { status: 'OK', region: 'us-west' } });
  expect((await call('GET', '/secrets?region=us-west')).body).toEqual({
    sets: [{ name: 'prod', type: 'secret', region: 'us-west', status: 'ready' }],
  });
  expect((await call('GET', '/secrets/prod')).text).toBe(
    '{"secrets":[{"fieldName":"A"}],"region":"us-west","status":"ready"}',
  );
  expect(await call('DELETE', '/secrets/prod/A')).toMatchObject({ status: 200, body: { status: 'OK' } });
  expect(await call('DELETE', '/secrets/prod')).toMatchObject({ status: 200, body: { status: 'OK' } });
  expect(await call('GET', '/secrets/prod')).toMatchObject({ status: 404, body: { code: '404' } });
});

test('the conditions of HTTP say whether a set is to be there; one that cannot be kept is refused', async () => {
  const put = (headers: Record<string, string>) =>
    call('PUT', '/secrets/prod', { secretKey: 'A', secretValue: 'canary-9' }, headers);
  const absent = await put({ 'if-match': '*' });
  expect(absent).toMatchObject({ status: 412, body: { code: '412' } });
  expect(absent.text).not.toContain('canary-9');
  expect((await put({ 'if-match': '"some-version"' })).status).toBe(400);
  expect((await call('GET', '/secrets/prod')).status).toBe(404);
  expect((await put({ 'if-none-match': '*' })).status).toBe(200);
  expect(await put({ 'if-none-match': '*' })).toMatchObject({ status: 412, body: { code: '412' } });
  expect((await put({ 'if-match': '*' })).status).toBe(200);
});

test('a pull secret is refused with the code that official deploys read as "exists"', async () => {
  const secretValue = Buffer.from('user:password').toString('base64');
  await call('PUT', '/secrets/pull', { isImagePullSecret: true, host: 'ghcr.io', secretValue });
  const got = await call('GET', '/secrets/pull');
  expect(got).toMatchObject({ status: 400, body: { code: '400' } });
  expect(got.text).not.toContain('ghcr.io');
});

test.each([
  { secretKey: 'no spaces', secretValue: 'canary-9' },
  { secretKey: 'x'.repeat(65), secretValue: 'canary-9' },
  { secretKey: 'A', secretValue: ['canary-9'] },
  { secretKey: 'A', secretValue: `canary-9${'x'.repeat(65_536)}` },
  { secrets: [{ secretKey: 'A/B', secretValue: 'canary-9' }] },
  { secrets: [] },
  { secretKey: 'A', secretValue: '' },
])('a malformed body is 400 and its value stays out of the answer', async (body) => {
  const answer = await call('PUT', '/secrets/prod', body);
  expect(answer.status).toBe(400);
  expect(answer.text).not.toContain('canary-9');
});

test('a set of another organization is absent on every route', async () => {
  await app.inject({
    method: 'PUT',
    url: '/v1/organizations/bolt/secrets/prod',
    payload: { secretKey: 'A', secretValue: 'v' },
  });
  for (const [method, path] of [
    ['GET', '/secrets/prod'],
    ['DELETE', '/secrets/prod/A'],
    ['DELETE', '/secrets/prod'],
  ] as const) {
    expect((await call(method, path)).status).toBe(404);
  }
});

test('API keys over the wire: made, listed, revoked', async () => {
  const made = await call('POST', '/apiKeys', { name: 'web', type: 'public' });
  expect(made).toMatchObject({
    status: 200,
    body: { type: 'public', metadata: { name: 'web' }, revoked: false, lastUsedAt: null },
  });
  const secret = await call('POST', '/apiKeys', { name: 'server', type: 'private' });
  const list = await call('GET', '/apiKeys');
  expect(list.body.public[0].key).toBe(made.body.key);
  expect(list.text).not.toContain(secret.body.key);
  expect(list.text).not.toMatch(/digest|sealed|pepper/);
  expect((await call('DELETE', `/apiKeys/${made.body.id}`)).body).toEqual({ status: 'OK' });
  expect((await call('DELETE', '/apiKeys/nothing')).status).toBe(404);
  expect((await call('POST', '/apiKeys', { name: 'x', type: 'other' })).status).toBe(400);
});

test('properties over the wire', async () => {
  expect((await call('GET', '/properties/schema')).body.properties.defaultRegion.readOnly).toBe(false);
  expect((await call('PATCH', '/properties', { defaultRegion: 'us-west' })).body).toEqual({
    properties: { defaultRegion: 'us-west' },
  });
  for (const body of [{ defaultRegion: 'mars' }, {}, { defaultRegion: 'us-west', other: 1 }]) {
    expect((await call('PATCH', '/properties', body)).status).toBe(400);
  }
});
