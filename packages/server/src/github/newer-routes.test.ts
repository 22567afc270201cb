import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Harness, harness, type Member } from '../testing/harness.js';

let server: Harness;
let owner: Member;
beforeAll(async () => {
  server = await harness();
  owner = await (await server.organization('ours')).member('owner');
});
afterAll(() => server.end());
const call = (method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown) =>
  server.call(owner.token, method, `/v1/organizations/ours${path}`, body);

const git = '/services/bot/environments/production/git';
test.each([
  ['GET', '/github/installation', 'not linked to GitHub'],
  ['DELETE', '/github/installation', 'not linked to GitHub'],
  ['GET', '/github/install-url', 'has no GitHub App'],
  ['GET', '/github/link-url', 'has no GitHub App'],
  ['GET', '/github/repositories', 'not linked to GitHub'],
  ['GET', '/github/repositories/acme/bot/branches?query=ma', 'not linked to GitHub'],
  ['POST', git, 'not linked to GitHub'],
  ['DELETE', git, 'not linked to GitHub'],
  ['POST', `${git}/deploy`, 'not linked to GitHub'],
] as const)('%s %s says that nothing is linked, and what to do instead', async (method, path, text) => {
  const { status, body } = await call(
    method,
    path,
    method === 'POST' ? { repoFullName: 'a/b', branch: 'm' } : undefined,
  );
  expect([status, body.code]).toEqual([404, '404']);
  expect(body.error).toContain(text);
  expect(body.error).toContain('docs/ci.md');
});

test('there are no registry keys, and none can be made', async () => {
  expect((await call('GET', '/registry-keys')).body).toEqual({ registry_keys: [] });
  const made = await call('POST', '/registry-keys', { name: 'workstation' });
  expect([made.status, made.body.error]).toEqual([404, expect.stringContaining('no registry of its own')]);
  expect((await call('DELETE', '/registry-keys/1')).status).toBe(404);
});

test('a deploy from a repository is refused before anything is there', async () => {
  const refused = await call('POST', '/services', {
    ...{ serviceName: 'bot', image: 'x:1', git: { repoFullName: 'acme/bot', branch: 'main' } },
  });
  expect([refused.status, refused.body.error]).toEqual([400, expect.stringContaining('not linked to GitHub')]);
  const only = await call('POST', '/services', { serviceName: 'bot', git: { repoFullName: 'a/b', branch: 'main' } });
  expect(only.body.error).toContain('not linked to GitHub');
  expect((await call('GET', '/services/bot')).status).toBe(404);
});

test('what a newer client would like to know of its agents too is left out of the list', async () => {
  await call('POST', '/services', { serviceName: 'bot', image: 'x:1', somethingNew: { a: 1 } });
  const { status, body } = await call('GET', '/services?include=git,later&other=1');
  expect([status, body.services.length]).toEqual([200, 1]);
  expect(body.services[0].git).toBeUndefined();
});
