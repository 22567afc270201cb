import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createFakeClock, type Harness, harness } from '../testing/harness.js';
import { type ObjectStore, objectStores } from '../testing/object-stores.js';
import { contextOf } from '../testing/tar.js';
import { createS3Client } from './s3-client.js';

describe.each(objectStores)('with a bucket: $name', ({ open: openStore }) => {
  const prefix = crypto.randomUUID();
  let store: ObjectStore;
  let server: Harness;
  let secretFolder: string;
  const context = contextOf({ Dockerfile: 'FROM scratch\n' });

  beforeEach(async () => {
    store = await openStore();
    secretFolder = await mkdtemp(join(tmpdir(), 'pipecat-cloud-s3-'));
    await writeFile(join(secretFolder, 'secret'), store.key.secretAccessKey);
    server = await harness({
      // A real one goes by the time.
      clock: createFakeClock(new Date().toISOString()),
      environment: {
        PIPECAT_CLOUD_S3_BUCKET: store.bucket,
        PIPECAT_CLOUD_S3_ENDPOINT: new URL(store.bucketUrl).origin,
        PIPECAT_CLOUD_S3_REGION: store.region,
        PIPECAT_CLOUD_S3_ACCESS_KEY_ID: store.key.accessKeyId,
        PIPECAT_CLOUD_S3_PREFIX: prefix,
        PIPECAT_CLOUD_S3_SECRET_ACCESS_KEY_FILE: join(secretFolder, 'secret'),
      },
    });
  });
  afterEach(async () => {
    await server.end();
    await store.end();
    await rm(secretFolder, { recursive: true });
  });

  test('the file goes from the client to it and from it to the worker, and never lies here', async () => {
    const acme = await server.organization('acme');
    const { token } = await acme.member('developer');
    const path = '/v1/organizations/acme/builds';
    const { body: place } = await server.call(token, 'POST', `${path}/upload-url`, {});
    expect(place.uploadUrl).toBe(store.bucketUrl);
    const early = await server.call(token, 'POST', path, { uploadId: place.uploadId });
    expect(early).toMatchObject({ status: 400, body: { error: expect.stringContaining('has not received its file') } });

    const form = new FormData();
    for (const [name, value] of Object.entries(place.uploadFields)) form.append(name, String(value));
    form.append('file', new Blob([new Uint8Array(context)], { type: 'application/gzip' }), 'context.tar.gz');
    expect((await fetch(place.uploadUrl, { method: 'POST', body: form })).status).toBe(204);
    const created = await server.call(token, 'POST', path, { uploadId: place.uploadId });
    expect(created).toMatchObject({ status: 201, body: { build: { contextSizeBytes: context.length } } });
    const s3 = await createS3Client(store, async () => store.key);
    const sha256 = createHash('sha256').update(context).digest('hex');
    expect(await s3.head(`${prefix}/contexts/${place.uploadId}-${sha256}.tar.gz`)).toMatchObject({
      sizeBytes: context.length,
    });
    expect(await s3.head(`${prefix}/incoming/${place.uploadId}.tar.gz`)).toBeUndefined();

    const file = join(server.directory, 'enrolment-for-test');
    await server.enrolment.offer(file);
    const enrolment = { token: (await readFile(file, 'utf8')).trim(), name: 'w' };
    const { body: worker } = await server.call(undefined, 'POST', '/v1/workers/enrol', enrolment);
    const answer = await server.http.inject({
      url: `/v1/workers/builds/${created.body.build.id}/context`,
      headers: { authorization: `Bearer ${worker.credential}` },
    });
    expect(answer.headers['content-length']).toBe(String(context.length));
    expect(answer.rawPayload).toEqual(context);
    expect(await readdir(server.directory)).not.toContain('uploads');

    const again = await server.call(token, 'POST', path, { uploadId: place.uploadId });
    expect(again.body.build.id).toBe(created.body.build.id);
  });

  test('with a secret that is gone, no upload is offered', async () => {
    const acme = await server.organization('acme');
    const { token } = await acme.member('developer');
    await rm(join(secretFolder, 'secret'));
    const refused = await server.call(token, 'POST', '/v1/organizations/acme/builds/upload-url', {});
    expect(refused).toMatchObject({ status: 503, body: { error: expect.not.stringContaining('secret'), code: '503' } });
    expect(await server.store.builds.uploads.markExpired(new Date('2030-01-01'), [])).toEqual([]);
  });

  test('this server takes no files itself', async () => {
    const form = new FormData();
    for (const [name, value] of Object.entries({
      key: 'x',
      'Content-Type': 'application/gzip',
      expires: '1',
      signature: 'x',
    }))
      form.append(name, value);
    form.append('file', new Blob(['x']), 'context.tar.gz');
    const request = new Request('http://x', { method: 'POST', body: form });
    const answer = await server.http.inject({
      method: 'POST',
      url: '/v1/uploads',
      headers: { 'content-type': request.headers.get('content-type') ?? '' },
      payload: Buffer.from(await request.arrayBuffer()),
    });
    expect(answer.statusCode).toBe(404);
    expect(answer.json().error).toContain('post to the uploadUrl that was given');
  });
});
