import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Harness, harness, type TestOrganization } from '../testing/harness.js';
import { contextOf } from '../testing/tar.js';

let server: Harness;
let acme: TestOrganization;
let developer: Awaited<ReturnType<TestOrganization['member']>>;
let token: string;
const context = contextOf({ Dockerfile: 'FROM scratch\n', 'bot.py': 'print("hi")\n' });

beforeEach(async () => {
  server = await harness();
  acme = await server.organization('acme');
  developer = await acme.member('developer');
  token = developer.token;
});
afterEach(() => server.end());

const path = (rest = '') => `/v1/organizations/acme/builds${rest}`;

/** As an official client does it: its fields first, in order, and no Authorization header. */
async function upload(): Promise<string> {
  const { status, body } = await server.call(token, 'POST', path('/upload-url'), {});
  expect(status).toBe(200);
  const form = new FormData();
  for (const [name, value] of Object.entries(body.uploadFields)) form.append(name, String(value));
  form.append('file', new Blob([new Uint8Array(context)], { type: 'application/gzip' }), 'context.tar.gz');
  const request = new Request('http://x', { method: 'POST', body: form });
  const answer = await server.http.inject({
    method: 'POST',
    url: new URL(body.uploadUrl).pathname,
    headers: { 'content-type': request.headers.get('content-type') ?? '' },
    payload: Buffer.from(await request.arrayBuffer()),
  });
  expect(answer.statusCode).toBe(201);
  return body.uploadId;
}

test('upload, build, look up, logs: the shapes that clients read', async () => {
  const uploadId = await upload();
  const created = await server.call(token, 'POST', path(), {
    uploadId,
    dockerfilePath: 'Dockerfile',
    region: 'us-west',
  });
  const contextHash = createHash('md5').update(context).digest('hex').slice(0, 16);
  const now = '2026-01-01T00:00:00.000Z';
  expect(created.status).toBe(201);
  expect(created.body).toEqual({
    build: {
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      organizationId: acme.id,
      status: 'pending',
      region: 'us-west',
      contextHash,
      dockerfilePath: 'Dockerfile',
      contextSizeBytes: context.length,
      createdAt: now,
      updatedAt: now,
    },
    contextHash,
    cached: false,
  });
  const { id } = created.body.build;
  const createdBy = {
    ...{ kind: 'token', id: developer.userId },
    name: expect.stringContaining('@acme.example'),
  };
  expect((await server.call(token, 'GET', path(`/${id}`))).body).toEqual({
    build: { ...created.body.build, createdBy },
  });
  expect((await server.call(token, 'GET', path(`/${id}/logs`))).body).toEqual({ logs: [] });
  await server.store.builds.lines.insert(
    id,
    [1, 2, 3].map((position) => ({ position, text: `step ${position}` })),
  );
  expect((await server.call(token, 'GET', path(`/${id}/logs?offset=1&limit=1`))).body).toEqual({ logs: ['step 2'] });

  const at = new Date('2026-01-01T00:01:00.000Z');
  await server.store.builds.start(id, new Date(now), at);
  await server.store.builds.finish(id, { status: 'success', errorMessage: null, at, now: at });
  const found = await server.call(
    token,
    'GET',
    path(`?status=success&contextHash=${contextHash}&region=us-west&limit=1`),
  );
  expect(found.body).toMatchObject({
    total: 1,
    limit: 1,
    offset: 0,
    builds: [{ id, imageUri: `build:${id}`, buildDurationSeconds: 60, createdBy }],
  });
  const again = await server.call(token, 'POST', path(), { uploadId: await upload() });
  expect(again).toMatchObject({ status: 200, body: { cached: true, build: { id, status: 'success' } } });
});

test('refusals keep the envelope', async () => {
  const unknown = '550e8400-0000-4000-8000-000000000001';
  const calls = [
    [400, await server.call(token, 'POST', path('/upload-url'), { region: 'mars' })],
    [400, await server.call(token, 'POST', path(), { uploadId: unknown })],
    [400, await server.call(token, 'POST', path(), {})],
    [400, await server.call(token, 'GET', path('?status=done'))],
    [400, await server.call(token, 'GET', path('?limit=101'))],
    [400, await server.call(token, 'GET', path('?limit=0'))],
    [400, await server.call(token, 'GET', path('?offset=-1'))],
    [400, await server.call(token, 'GET', path(`/${unknown}/logs?limit=10001`))],
    [400, await server.call(token, 'GET', path(`/${unknown}/logs?limit=0`))],
    [404, await server.call(token, 'GET', path(`/${unknown}/logs?limit=10000`))],
    [404, await server.call(token, 'GET', path(`/${unknown}`))],
    [404, await server.call(token, 'GET', path('/x%00/logs'))],
  ] as const;
  for (const [status, answer] of calls) {
    expect(answer).toMatchObject({ status, body: { error: expect.any(String), code: expect.any(String) } });
  }
});

test('another organization sees nothing of it, and a viewer may only look', async () => {
  const uploadId = await upload();
  const { body } = await server.call(token, 'POST', path(), { uploadId });
  const bolt = await server.organization('bolt');
  const stranger = (await bolt.member('owner')).token;
  for (const rest of ['', `/${body.build.id}`, `/${body.build.id}/logs`]) {
    expect((await server.call(stranger, 'GET', path(rest))).status).toBeGreaterThanOrEqual(403);
    const own = await server.call(stranger, 'GET', `/v1/organizations/bolt/builds${rest}`);
    expect(own.status).toBe(rest === '' ? 200 : 404);
    if (rest === '') expect(own.body.builds).toEqual([]);
  }
  expect((await server.call(stranger, 'POST', '/v1/organizations/bolt/builds', { uploadId })).status).toBe(400);
  const viewer = (await acme.member('viewer')).token;
  expect((await server.call(viewer, 'GET', path())).status).toBe(200);
  expect((await server.call(viewer, 'POST', path('/upload-url'), {})).status).toBe(403);
  expect((await server.call(viewer, 'POST', path(), { uploadId })).status).toBe(403);
});

test('a build is cancelled by whoever may build, once and for all', async () => {
  const { body } = await server.call(token, 'POST', path(), { uploadId: await upload() });
  const { id } = body.build;
  const stranger = (await (await server.organization('bolt')).member('owner')).token;
  const viewer = (await acme.member('viewer')).token;
  expect((await server.call(stranger, 'POST', `/v1/organizations/bolt/builds/${id}/cancel`)).status).toBe(404);
  expect((await server.call(viewer, 'POST', path(`/${id}/cancel`))).status).toBe(403);
  const cancelled = { id, status: 'failed', errorMessage: 'The build was cancelled' };
  for (let times = 0; times < 2; times++) {
    expect(await server.call(token, 'POST', path(`/${id}/cancel`))).toMatchObject({
      status: 200,
      body: { build: cancelled },
    });
  }
  const other = await server.call(token, 'POST', path(), { uploadId: await upload() });
  const at = new Date('2026-01-01T00:01:00.000Z');
  await server.store.builds.finish(other.body.build.id, { status: 'success', errorMessage: null, at, now: at });
  expect(await server.call(token, 'POST', path(`/${other.body.build.id}/cancel`))).toMatchObject({
    status: 409,
    body: { code: 'CONFLICT' },
  });
});

test('a build with a secret set needs the permission to deploy as well', async () => {
  const uploadId = await upload();
  const builder = (await acme.member('developer', { permissions: ['builds:write'] })).token;
  const body = { uploadId, secretSet: 'tokens' };
  expect(await server.call(builder, 'POST', path(), body)).toMatchObject({
    status: 403,
    body: { reason: 'missing_permission' },
  });
  expect((await server.call(token, 'POST', path(), body)).status).toBe(400);
  await server.call(token, 'PUT', '/v1/organizations/acme/secrets/tokens', {
    secretKey: 'A',
    secretValue: 'value-of-a',
  });
  const created = await server.call(token, 'POST', path(), body);
  expect(created).toMatchObject({ status: 201, body: { build: { secretSet: 'tokens' } } });
});

test('so does one with an image pull secret set, which is told and whose password is not', async () => {
  const uploadId = await upload();
  const builder = (await acme.member('developer', { permissions: ['builds:write'] })).token;
  const body = { uploadId, imagePullSecretSet: 'ghcr' };
  expect(await server.call(builder, 'POST', path(), body)).toMatchObject({
    status: 403,
    body: { reason: 'missing_permission' },
  });
  expect((await server.call(token, 'POST', path(), body)).status).toBe(404);
  const secretValue = Buffer.from('ann:hush-hush-password').toString('base64');
  await server.call(token, 'PUT', '/v1/organizations/acme/secrets/ghcr', {
    ...{ isImagePullSecret: true, host: 'ghcr.io', secretValue },
  });
  const created = await server.call(token, 'POST', path(), body);
  expect(created).toMatchObject({ status: 201, body: { build: { imagePullSecretSet: 'ghcr' } } });
  const found = await server.call(token, 'GET', path(`/${created.body.build.id}`));
  expect(found.body.build.imagePullSecretSet).toBe('ghcr');
  expect(JSON.stringify([created.body, found.body])).not.toContain(secretValue);
});

test('the context is for workers alone, and comes with its length', async () => {
  const { body } = await server.call(token, 'POST', path(), { uploadId: await upload() });
  const url = `/v1/workers/builds/${body.build.id}/context`;
  expect((await server.call(undefined, 'GET', url)).status).toBe(401);
  expect((await server.call(token, 'GET', url)).status).toBeGreaterThanOrEqual(401);
  const file = join(server.directory, 'enrolment-for-test');
  await server.enrolment.offer(file);
  const enrolment = (await readFile(file, 'utf8')).trim();
  const { body: enrolled } = await server.call(undefined, 'POST', '/v1/workers/enrol', { token: enrolment, name: 'w' });
  const headers = { authorization: `Bearer ${enrolled.credential}` };
  const answer = await server.http.inject({ url, headers });
  expect(answer.statusCode).toBe(200);
  expect(answer.headers['content-length']).toBe(String(context.length));
  expect(answer.rawPayload).toEqual(context);
  const unknown = await server.http.inject({
    url: url.replace(body.build.id, '550e8400-0000-4000-8000-000000000001'),
    headers,
  });
  expect(unknown.statusCode).toBe(404);
});
