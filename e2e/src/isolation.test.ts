import type { Client } from '@pipecat-cloud/contract/client';
import { routeAccess } from '@pipecat-cloud/contract/permissions';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { copyAgent, sessionEnds, sessionOf, startSession } from './support/agents.js';
import { type Answer, call } from './support/api.js';
import { type Cli, createCli } from './support/cli.js';
import { type Cloud, startCloud } from './support/cloud.js';
import { dial } from './support/conversation.js';
import { cleanUp } from './support/paths.js';
import { addOrganization } from './support/second-organization.js';

const secretName = 'acme-vault';
const organizations = '/v1/organizations';

let cloud: Cloud;
let victim: { cli: Cli; client: Client; token: string; key: string; keyId: string };
let stranger: { cli: Cli; client: Client; token: string; key: string };
let ids: { session: string; build: string; upload: string; deployment: string; agent: string; tokenId: string };

/** One installation, two organizations: `my-team` with an agent, a session, secrets and keys, and `strangers` with their own. */
beforeAll(async () => {
  const first = await startCloud();
  const token = first.token();
  await first.stop();
  const strangerToken = await addOrganization(first.dataDir, 'strangers');
  cloud = await startCloud({ dataDir: first.dataDir, port: first.port });

  const cli = createCli({ token, port: cloud.port });
  const client = cloud.client(token);
  const strangerCli = createCli({ token: strangerToken, port: cloud.port });
  const strangerClient = cloud.client(strangerToken);
  await cli.ok(['secrets', 'set', secretName, '--stdin', 'KEY'], { input: 'a value' });
  await cli.ok(['deploy', '--yes', '--secrets', secretName], { cwd: copyAgent('examples/echo') });
  const { key, id: keyId } = await client.createApiKey('my-team', { name: 'k', type: 'public' });
  const other = await strangerClient.createApiKey('strangers', { name: 'k', type: 'public' });
  victim = { cli, client, token, key, keyId };
  stranger = { cli: strangerCli, client: strangerClient, token: strangerToken, key: other.key };

  const service = await client.getService('my-team', 'echo');
  const build = (await client.listBuilds('my-team')).builds[0]?.id ?? '';
  const upload = await client.createUpload('my-team', {});
  ids = {
    session: await startSession(cli, 'echo', { seconds: 3600 }),
    build,
    upload: upload.uploadId,
    deployment: service.activeDeploymentId ?? '',
    agent: service.id,
    tokenId: (await client.describeToken()).token.id,
  };
});

afterAll(async () => {
  await cleanUp();
});

/** Nothing that only the victim's organization has is in the answer. */
function expectTellsNothing({ text }: Answer): void {
  for (const known of [...Object.values(ids), secretName, victim.key, victim.keyId]) expect(text).not.toContain(known);
}

/** Every organization route of the server, with ids that really exist. */
function routesOf(org: string): { method: string; path: string }[] {
  return Object.entries(routeAccess).flatMap(([route, { kinds }]) => {
    // What is for signed-in people alone refuses a token for its kind, before any organization is looked at.
    if (!kinds.includes('personal')) return [];
    const [method = '', path = ''] = route.split(' ');
    if (!path.startsWith(`${organizations}/:org/`)) return [];
    const id = path.includes('/sessions/') ? ids.session : path.includes('/builds/') ? ids.build : victim.keyId;
    const real = path
      .replace(':org', org)
      .replace(':name', 'echo')
      .replace(':set', secretName)
      .replace(':key', 'KEY')
      .replace(':id', id);
    return [{ method, path: real }];
  });
}

/** Bodies that are right, so that nothing else is the reason of a refusal. */
function bodyFor(method: string, path: string): unknown {
  if (method === 'GET' || method === 'DELETE') return undefined;
  if (path.endsWith('/services')) return { serviceName: 'echo', buildId: ids.build, secretSet: secretName };
  if (path.endsWith('/apiKeys')) return { name: 'x', type: 'public' };
  if (path.includes('/secrets/')) return { secretKey: 'KEY', secretValue: 'theirs' };
  if (path.endsWith('/properties')) return { defaultRegion: 'us-west' };
  if (path.endsWith('/builds')) return { uploadId: ids.upload };
  return {};
}

test('every route of another organization answers as if it did not exist', async () => {
  const [real, invented] = [routesOf('my-team'), routesOf('no-such-team')];
  expect(real.length).toBeGreaterThan(20);
  for (const [index, { method, path }] of real.entries()) {
    const body = bodyFor(method, path);
    const answer = await call(cloud.url, method, path, { token: stranger.token, body });
    expect({ path, method, status: answer.status }).toEqual({ path, method, status: 403 });
    expect(answer.body).toMatchObject({ reason: 'wrong_organization' });
    expectTellsNothing(answer);
    // Word for word what is said of a name that nobody has, so that names can't be guessed either.
    const same = await call(cloud.url, method, invented[index]?.path ?? '', { token: stranger.token, body });
    expect(answer.text.replaceAll('my-team', '…')).toBe(same.text.replaceAll('no-such-team', '…'));
  }
});

test('ids of another organization under one’s own are unknown', async () => {
  for (const { method, path } of routesOf('strangers').filter(({ path }) =>
    /echo|acme-vault|apiKeys\/|builds\/(?!upload-url)/.test(path),
  )) {
    if (method === 'PUT') continue; // Makes a set of one's own.
    const answer = await call(cloud.url, method, path, { token: stranger.token, body: bodyFor(method, path) });
    expect({ path, method, status: answer.status }).toEqual({ path, method, status: 404 });
  }
  const own = (method: string, path: string, body?: unknown) =>
    call(cloud.url, method, `${organizations}/strangers${path}`, { token: stranger.token, body });
  for (const [path, body] of [
    ['/services', { serviceName: 'theft', buildId: ids.build }],
    ['/services', { serviceName: 'theft', image: 'a/b:1', secretSet: secretName }],
    ['/builds', { uploadId: ids.upload }],
  ] as const) {
    const answer = await own('POST', path, body);
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.status).toBeLessThan(500);
  }
  for (const path of ['/services', '/secrets', '/builds', '/apiKeys']) {
    const answer = await own('GET', path);
    expect(answer.status).toBe(200);
    expectTellsNothing(answer);
  }
  expect((await own('GET', '/services')).body).toEqual({ services: [], hasMore: false });
});

test('an agent of the same name is another agent', async () => {
  await stranger.cli.ok(['deploy', '--yes'], { cwd: copyAgent('examples/echo') });
  const { sessions } = await stranger.client.listSessions('strangers', 'echo');
  expect(sessions).toEqual([]);
  const logs = await call(cloud.url, 'GET', `${organizations}/strangers/services/echo/logs?sessionId=${ids.session}`, {
    token: stranger.token,
  });
  expect(logs.body).toMatchObject({ logs: [] });
  const service = await stranger.client.getService('strangers', 'echo');
  expect(service.id).not.toBe(ids.agent);
  const stopping = await stranger.cli(['agent', 'stop', 'echo', '--session-id', ids.session, '--force']);
  expect(stopping.code).toBe(8);
  expect(await sessionOf(victim.cli, 'echo', ids.session)).toMatchObject({ state: 'active' });
});

describe('public routes', () => {
  const session = (path: string) => `/v1/public/echo/sessions/${ids.session}/${path}`;

  test('a public key starts and reaches nothing of another organization', async () => {
    const answer = await call(cloud.url, 'GET', session('status'), { token: stranger.key });
    expect(answer.status).toBe(404);
    expectTellsNothing({ ...answer, text: answer.text.replaceAll(ids.session, '') });
    expect((await call(cloud.url, 'POST', session('finish'), { token: stranger.key, body: {} })).status).toBe(404);
    expect((await call(cloud.url, 'GET', session('status'), { token: victim.key })).status).toBe(200);

    const { sessionId } = (
      await call(cloud.url, 'POST', '/v1/public/echo/start', { token: stranger.key, body: { body: { seconds: 3600 } } })
    ).body as { sessionId: string };
    const { sessions } = await victim.client.listSessions('my-team', 'echo');
    expect(sessions.map((each) => each.sessionId)).not.toContain(sessionId);
    expect(
      (await call(cloud.url, 'GET', `/v1/public/echo/sessions/${sessionId}/status`, { token: victim.key })).status,
    ).toBe(404);
    await stranger.cli.ok(['agent', 'stop', 'echo', '--session-id', sessionId, '--force']);
  });

  test('a socket token opens its own organization’s agent alone', async () => {
    const { token, wsUrl } = await stranger.client
      .startPublic('echo', { transport: 'websocket' })
      .catch(() => stranger.client.startSession('strangers', 'echo', { transport: 'websocket' }));
    const elsewhere = wsUrl?.replace('echo.strangers', 'echo.my-team');
    await expect(dial(`${elsewhere}?token=${token}`)).rejects.toThrow('403');
    const nowhere = wsUrl?.replace('echo.strangers', 'nothing.no-such-team');
    await expect(dial(`${nowhere}?token=${token}`)).rejects.toThrow('403');
    const { total_count } = await victim.client.listSessions('my-team', 'echo');
    expect(total_count).toBe(1);
  });
});

test('tokens of another person are neither listed nor revoked', async () => {
  const list = await call(cloud.url, 'GET', '/v1/tokens', { token: stranger.token });
  expectTellsNothing(list);
  expect((await call(cloud.url, 'DELETE', `/v1/tokens/${ids.tokenId}`, { token: stranger.token })).status).toBe(404);
  await victim.cli.ok(['auth', 'whoami']);
  const organizationsSeen = await call(cloud.url, 'GET', organizations, { token: stranger.token });
  expect(organizationsSeen.text).not.toContain('my-team');
});

test('after all of this the organization is as it was', async () => {
  const { client, cli } = victim;
  expect(await sessionOf(cli, 'echo', ids.session)).toMatchObject({ state: 'active' });
  expect((await client.getService('my-team', 'echo')).activeDeploymentId).toBe(ids.deployment);
  expect(await client.getSecretSet('my-team', secretName)).toMatchObject({ secrets: [{ fieldName: 'KEY' }] });
  expect((await client.listApiKeys('my-team')).public).toMatchObject([{ id: victim.keyId, revoked: false }]);
  await cli.ok(['agent', 'stop', 'echo', '--session-id', ids.session, '--force']);
  expect(await sessionEnds(cli, 'echo', ids.session)).toMatchObject({ endReason: 'stopped' });
});
