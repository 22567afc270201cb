import type { Grant } from '@pipecat-cloud/contract/tokens';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Harness, harness, type TestOrganization } from '../testing/harness.js';

const keys = '/v1/organizations/acme/apiKeys';
let server: Harness;
let acme: TestOrganization;
let keyId: string;

beforeEach(async () => {
  server = await harness();
  acme = await server.organization('acme');
  const { token } = await acme.member('developer');
  keyId = (await make(token)).body.id;
});
afterEach(() => server.end());

const make = (token: string) => server.call(token, 'POST', keys, { name: 'web', type: 'public' });
const rotate = (token: string) => server.call(token, 'POST', `${keys}/${keyId}/rotate`);

test.each<[string, Grant]>([
  ['it lacks sessions:start', { permissions: ['keys:write', 'sessions:read'] }],
  ['works from any network', { permissions: ['keys:write', 'sessions:start'], networks: ['127.0.0.0/8'] }],
])('a token that is narrower neither makes nor rotates one: %s', async (why, grant) => {
  const { token } = await acme.member('developer', grant);
  for (const refused of [await make(token), await rotate(token)]) {
    expect(refused).toMatchObject({ status: 403, body: { reason: 'missing_permission' } });
    expect(refused.body.error).toContain(`A public API key`);
    expect(refused.body.error).toContain(why);
  }
  // To end one needs no more than before.
  expect((await server.call(token, 'DELETE', `${keys}/${keyId}`)).status).toBe(200);
});

test('a token that may start sessions itself makes and rotates one, also where it ends or is being rotated', async () => {
  const { token } = await acme.member(
    'developer',
    { permissions: ['keys:write', 'sessions:start'] },
    '2036-01-01T00:00:00.000Z',
  );
  expect((await server.call(token, 'POST', '/v1/tokens/self/rotate', {})).status).toBe(200);
  expect([(await make(token)).status, (await rotate(token)).status]).toEqual([200, 200]);
});
