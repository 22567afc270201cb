import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { UploadUrl } from '@pipecat-cloud/contract/builds';
import Fastify, { type FastifyInstance } from 'fastify';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { handleError } from '../http/error-handler.js';
import { databases } from '../testing/databases.js';
import { contextOf } from '../testing/tar.js';
import { openTwoOrganizations, type TwoOrganizations, testActor } from '../testing/two-organizations.js';
import { createDiskUploadStore } from './disk-upload-store.js';
import { uploadRoutes } from './upload-routes.js';
import { createUploadService, type UploadService } from './upload-service.js';

const limitBytes = 2_000_000;
const context = contextOf({ Dockerfile: 'FROM scratch\n' });

describe.each(databases)('POST /v1/uploads on $name', (database) => {
  let world: TwoOrganizations;
  let folder: string;
  let app: FastifyInstance;
  let uploads: UploadService;
  let url: string;

  beforeEach(async () => {
    world = await openTwoOrganizations(database);
    folder = join(await mkdtemp(join(tmpdir(), 'uploads-')), 'uploads');
    uploads = createUploadService({
      ...world,
      uploads: createDiskUploadStore({ directory: folder, limitBytes }),
      signingKey: Buffer.alloc(32, 3),
      publicUrl: 'http://localhost:7400',
    });
    app = Fastify({ forceCloseConnections: true });
    app.setErrorHandler(handleError);
    await app.register(uploadRoutes, { uploads });
    url = await app.listen({ port: 0, host: '127.0.0.1' });
  });
  afterEach(async () => {
    await app.close();
    await world.drop();
    await rm(join(folder, '..'), { recursive: true, force: true });
  });

  async function post(parts: readonly (readonly [string, string | Buffer])[]) {
    const form = new FormData();
    for (const [name, value] of parts) {
      if (typeof value === 'string') form.append(name, value);
      else form.append(name, new Blob([new Uint8Array(value)], { type: 'application/gzip' }), 'context.tar.gz');
    }
    const answer = await fetch(`${url}/v1/uploads`, { method: 'POST', body: form });
    return { status: answer.status, body: (await answer.json()) as { error?: string; contextHash?: string } };
  }
  const send = (place: UploadUrl, bytes = context) => post([...Object.entries(place.uploadFields), ['file', bytes]]);
  const files = () => readdir(folder).catch(() => []);
  const stateOf = async (id: string) => (await world.store.builds.uploads.findAny(id))?.state;

  /** The raw bytes of a form, for what no client would send. */
  function rawForm(place: UploadUrl, bytes: Buffer, ending = '\r\n--cut--\r\n'): Buffer {
    const fields = Object.entries(place.uploadFields).map(
      ([name, value]) => `--cut\r\ncontent-disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
    );
    const file =
      '--cut\r\ncontent-disposition: form-data; name="file"; filename="c.tar.gz"\r\ncontent-type: application/gzip\r\n\r\n';
    return Buffer.concat([Buffer.from(fields.join('') + file), bytes, Buffer.from(ending)]);
  }
  const rawHead = (length: number) =>
    `POST /v1/uploads HTTP/1.1\r\nhost: x\r\ncontent-type: multipart/form-data; boundary=cut\r\ncontent-length: ${length}\r\n\r\n`;

  test('keeps the file, private, with its hashes', async () => {
    const place = await uploads.createUrl(world.acme, testActor);
    const { status, body } = await send(place);
    const contextHash = createHash('md5').update(context).digest('hex').slice(0, 16);
    expect({ status, body }).toEqual({
      status: 201,
      body: { uploadId: place.uploadId, sizeBytes: context.length, contextHash },
    });
    const path = join(folder, `${place.uploadId}.tar.gz`);
    expect(await files()).toEqual([`${place.uploadId}.tar.gz`]);
    expect(await readFile(path)).toEqual(context);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
    const upload = await world.store.builds.uploads.find(world.acme.id, place.uploadId);
    const sha256 = createHash('sha256').update(context).digest('hex');
    expect(upload).toMatchObject({ state: 'complete', content: { sizeBytes: context.length, contextHash, sha256 } });
    expect(await world.store.builds.uploads.find(world.bolt.id, place.uploadId)).toBeUndefined();
  });

  test('takes several megabytes as they come', async () => {
    const big = Buffer.alloc(limitBytes, 'abcdefgh');
    const place = await uploads.createUrl(world.acme, testActor);
    expect((await send(place, big)).status).toBe(201);
    expect(await readFile(join(folder, `${place.uploadId}.tar.gz`))).toEqual(big);
  });

  test('refuses a second file and keeps the first', async () => {
    const place = await uploads.createUrl(world.acme, testActor);
    await send(place);
    const second = await send(place, Buffer.from('other'));
    expect(second).toMatchObject({ status: 409, body: { error: expect.stringContaining('already') } });
    expect(await readFile(join(folder, `${place.uploadId}.tar.gz`))).toEqual(context);
    expect(await files()).toHaveLength(1);
  });

  test('of two at the same time, one is kept', async () => {
    const place = await uploads.createUrl(world.acme, testActor);
    const answers = await Promise.all(Array.from({ length: 5 }, () => send(place)));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409, 409]);
    expect(await files()).toEqual([`${place.uploadId}.tar.gz`]);
  });

  test.each<[string, (fields: Record<string, string>) => Record<string, string>]>([
    ['a wrong signature', (fields) => ({ ...fields, signature: '0'.repeat(64) })],
    ['a signature that is no hex', (fields) => ({ ...fields, signature: 'zz' })],
    ['a later expiry than was signed', (fields) => ({ ...fields, expires: String(Number(fields.expires) + 60) })],
    ['the id of another upload', (fields) => ({ ...fields, key: '550e8400-0000-4000-8000-000000000001' })],
  ])('refuses %s before reading the file', async (_name, change) => {
    const place = await uploads.createUrl(world.acme, testActor);
    const changed = { ...place, uploadFields: change(place.uploadFields) };
    // More than the connection buffers: it must be answered although nobody reads the file.
    const answer = await send(changed, Buffer.alloc(limitBytes));
    expect(answer).toMatchObject({ status: 403, body: { error: expect.stringContaining('signature') } });
    expect(await files()).toEqual([]);
    expect((await send(place)).status).toBe(201);
  });

  test('refuses an expired upload, and one that is gone', async () => {
    const place = await uploads.createUrl(world.acme, testActor);
    const gone = await uploads.createUrl(world.acme, testActor);
    await world.db.deleteFrom('upload').where('id', '=', gone.uploadId).execute();
    expect((await send(gone)).status).toBe(404);
    world.clock.advance(15 * 60_000);
    expect(await send(place)).toMatchObject({ status: 403, body: { error: expect.stringContaining('expired') } });
    expect(await files()).toEqual([]);
  });

  test('refuses what is larger than a context may be, whether the size is declared or not', async () => {
    const place = await uploads.createUrl(world.acme, testActor);
    const declared = await send(place, Buffer.alloc(limitBytes + 100_000));
    expect(declared).toMatchObject({ status: 413, body: { error: expect.stringContaining(`${limitBytes} bytes`) } });
    const form = rawForm(place, Buffer.alloc(limitBytes + 1));
    const streamed = await fetch(`${url}/v1/uploads`, {
      method: 'POST',
      headers: { 'content-type': 'multipart/form-data; boundary=cut' },
      body: new Blob([new Uint8Array(form)]).stream(),
      duplex: 'half',
    } as RequestInit);
    expect(streamed.status).toBe(413);
    expect(await files()).toEqual([]);
    expect((await send(place)).status).toBe(201);
  });

  test.each<[string, (fields: [string, string][]) => [string, string | Buffer][], string]>([
    ['the file before the fields', (fields) => [['file', context], ...fields], "before the field 'key'"],
    ['a missing field', (fields) => [...fields.slice(0, 3), ['file', context]], "before the field 'signature'"],
    ['no file', (fields) => fields, 'no file'],
    ['two files', (fields) => [...fields, ['file', context], ['file', context]], 'nothing was kept'],
    ['a field after the file', (fields) => [...fields, ['file', context], ['more', 'x']], 'must be the last part'],
    ['an unknown field', (fields) => [['acl', 'public'], ...fields, ['file', context]], "Unknown upload field 'acl'"],
    ['a field twice', (fields) => [...fields, ['key', 'x'], ['file', context]], "'key' was sent twice"],
    [
      'a field named like a built-in',
      (fields) => [['__proto__', 'x'], ...fields, ['file', context]],
      'nothing was kept',
    ],
    ['a file of another name', (fields) => [...fields, ['context', context]], "must be named 'file'"],
    ['an empty file', (fields) => [...fields, ['file', Buffer.alloc(0)]], 'empty'],
  ])('refuses %s and leaves nothing', async (_name, parts, message) => {
    const place = await uploads.createUrl(world.acme, testActor);
    const answer = await post(parts(Object.entries(place.uploadFields)));
    expect(answer).toMatchObject({ status: 400, body: { error: expect.stringContaining(message) } });
    expect(await files()).toEqual([]);
    expect((await send(place)).status).toBe(201);
  });

  test.each(['application/json', 'text/plain', 'application/gzip'])(
    'says what it wants when it gets %s',
    async (type) => {
      const answer = await fetch(`${url}/v1/uploads`, {
        method: 'POST',
        headers: { 'content-type': type },
        body: '{}',
      });
      expect(answer.status).toBe(400);
      expect(((await answer.json()) as { error: string }).error).toContain('multipart/form-data');
    },
  );

  test('a form without its end leaves nothing, and may be sent again', async () => {
    const place = await uploads.createUrl(world.acme, testActor);
    for (const ending of ['', '\r\n--cut', '\r\n--cu']) {
      const body = new Uint8Array(rawForm(place, context, ending));
      const headers = { 'content-type': 'multipart/form-data; boundary=cut' };
      const answer = await fetch(`${url}/v1/uploads`, { method: 'POST', headers, body });
      expect(answer.status).toBe(400);
      expect(((await answer.json()) as { error: string }).error).toContain('broke off');
      expect(await files()).toEqual([]);
    }
    expect(await stateOf(place.uploadId)).toBe('waiting');
    expect((await send(place)).status).toBe(201);
  });

  test('a connection that is cut in the middle of the file leaves nothing, and it may be sent again', async () => {
    const place = await uploads.createUrl(world.acme, testActor);
    const form = rawForm(place, Buffer.alloc(1_000_000, 'x'));
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    socket.on('error', () => {});
    socket.write(rawHead(form.length));
    socket.write(form.subarray(0, 700_000));
    await vi.waitFor(async () => expect(await files()).toEqual([expect.stringMatching(/\.tmp$/)]));
    expect((await send(place)).status).toBe(409);
    socket.destroy();
    await vi.waitFor(async () => expect(await files()).toEqual([]));
    await vi.waitFor(async () => expect((await send(place)).status).toBe(201));
  });
});
