import { request } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { createS3Client, type S3Client } from '../../builds/s3-client.js';
import { type S3Credentials, signPostPolicy } from '../../builds/s3-post-policy.js';
import type { ObjectStore } from '../object-stores.js';

const minuteMs = 60_000;
const limitBytes = 2000;
const contentType = 'application/gzip';
const bytes = Buffer.from('the bytes of a context');
/** Amazon’s word is InvalidAccessKeyId; others have words of their own. */
const unknownKey = '40[034] (?!NoSuchKey)\\w+';
type Fields = Record<string, string>;

/**
 * What the control plane relies on of an S3-compatible store, asked over HTTP: which forms it takes and which it refuses, and how it
 * answers the few requests that are made of it. The stand-in of the other tests is held to the same as a real one.
 */
export function describeObjectStore(name: string, open: () => Promise<ObjectStore>): void {
  describe(`an S3-compatible store: ${name}`, () => {
    let store: ObjectStore;
    let s3: S3Client;
    beforeAll(async () => {
      store = await open();
      s3 = await clientOf();
    });
    afterAll(() => store?.end());
    afterEach(() => vi.useRealTimers());

    const clientOf = (changes: Partial<S3Credentials & ObjectStore> = {}) =>
      createS3Client({ ...store, ...changes }, async () => ({ ...store.key, ...changes }));
    const fresh = () => `incoming/${crypto.randomUUID()}.tar.gz`;

    function formFor(key: string, changes: Partial<Parameters<typeof signPostPolicy>[0]> = {}) {
      const now = new Date();
      return signPostPolicy({
        ...{ bucket: store.bucket, region: store.region, url: store.bucketUrl, key, contentType, limitBytes, now },
        credentials: store.key,
        expiresAt: new Date(now.getTime() + 15 * minuteMs),
        ...changes,
      });
    }
    async function encode(fields: Fields, file: Uint8Array) {
      const form = new FormData();
      for (const [field, value] of Object.entries(fields)) form.append(field, value);
      form.append('file', new Blob([new Uint8Array(file)], { type: contentType }), 'context.tar.gz');
      const encoded = new Response(form);
      return {
        headers: { 'content-type': encoded.headers.get('content-type') ?? '' },
        body: Buffer.from(await encoded.arrayBuffer()),
      };
    }
    /** The status, and the store's word for a refusal. */
    async function post(url: string, fields: Fields, file: Uint8Array = bytes): Promise<string> {
      const { headers, body } = await encode(fields, file);
      const answer = await fetch(url, { method: 'POST', headers, body: new Uint8Array(body), redirect: 'manual' });
      return `${answer.status} ${/<Code>(\w+)</.exec(await answer.text())?.[1] ?? ''}`.trim();
    }

    test('a form is taken as it was signed, and its file is there, whole', async () => {
      const key = fresh();
      const { uploadUrl, uploadFields } = formFor(key);
      expect(await post(uploadUrl, uploadFields)).toBe('204');
      expect(await s3.head(key)).toEqual({ etag: expect.stringMatching(/^"\w+"$/), sizeBytes: bytes.length });
      const found = await s3.get(key);
      expect(found?.sizeBytes).toBe(bytes.length);
      expect(found && (await buffer(found.body))).toEqual(bytes);
      await s3.remove(key);
      expect([await s3.head(key), await s3.get(key)]).toEqual([undefined, undefined]);
    });

    test.each([
      ['none', 0, '400 EntityTooSmall'],
      ['one', 1, '204'],
      ['as many as may be', limitBytes, '204'],
      ['one too many', limitBytes + 1, '400 EntityTooLarge'],
      ['far too many', 100 * limitBytes, '400 EntityTooLarge'],
    ])('the policy limits the file, in bytes: %s', async (_name, size, status) => {
      const key = fresh();
      const { uploadUrl, uploadFields } = formFor(key);
      expect(await post(uploadUrl, uploadFields, Buffer.alloc(size, 'x'))).toBe(status);
      expect((await s3.head(key))?.sizeBytes).toBe(status === '204' ? size : undefined);
    });

    const other = fresh();
    test.each<[string, (fields: Fields) => Fields, string]>([
      ['another key', (fields) => ({ ...fields, key: other }), '403 AccessDenied'],
      ['another type', (fields) => ({ ...fields, 'Content-Type': 'text/html' }), '403 AccessDenied'],
      ['no type', ({ 'Content-Type': _, ...fields }) => fields, '403 AccessDenied'],
      ['metadata', (fields) => ({ 'x-amz-meta-a': 'b', ...fields }), '403 AccessDenied'],
      ['no policy', ({ Policy: _, ...fields }) => fields, '40[03] \\w+'],
      ['no signature', ({ 'X-Amz-Signature': _, ...fields }) => fields, '40[03] \\w+'],
      [
        'another signature',
        (fields) => ({ ...fields, 'X-Amz-Signature': '0'.repeat(64) }),
        '403 SignatureDoesNotMatch',
      ],
      ['another policy', (fields) => ({ ...fields, Policy: widened(fields.Policy) }), '403 SignatureDoesNotMatch'],
    ])('a form with %s is refused and leaves nothing', async (_name, change, status) => {
      const key = fresh();
      const { uploadUrl, uploadFields } = formFor(key);
      expect(await post(uploadUrl, change(uploadFields))).toMatch(new RegExp(`^${status}$`));
      expect([await s3.head(key), await s3.head(other)]).toEqual([undefined, undefined]);
    });

    test('no field makes the file public', async () => {
      const key = fresh();
      const { uploadUrl, uploadFields } = formFor(key);
      // Amazon refuses a field that the policy does not name; others leave it out.
      expect(await post(uploadUrl, { acl: 'public-read', ...uploadFields })).toMatch(/^(403 AccessDenied|204)$/);
      expect((await fetch(`${store.bucketUrl}/${key}`)).status).toBeGreaterThanOrEqual(403);
    });

    test('a form that is over is refused, by the time of the store', async () => {
      const ago = (minutes: number) => new Date(Date.now() - minutes * minuteMs);
      const key = fresh();
      const { uploadUrl, uploadFields } = formFor(key, { now: ago(16), expiresAt: ago(1) });
      expect(await post(uploadUrl, uploadFields)).toBe('403 AccessDenied');
      // Signed a quarter of an hour ago, and good for a little yet.
      const late = formFor(key, { now: ago(14), expiresAt: ago(-1) });
      expect(await post(late.uploadUrl, late.uploadFields)).toBe('204');
    });

    test('a form is for one bucket', async () => {
      const key = fresh();
      const elsewhere = store.bucketUrl.replace(/[^/]+$/, 'elsewhere');
      expect(await post(elsewhere, formFor(key).uploadFields)).toMatch(/^40[34] /);
      const { uploadUrl, uploadFields } = formFor(key, { bucket: 'elsewhere' });
      expect(await post(uploadUrl, uploadFields)).toBe('403 AccessDenied');
      expect(await s3.head(key)).toBeUndefined();
    });

    test.each<[string, Partial<S3Credentials>, string]>([
      ['another secret', { secretAccessKey: 'another' }, '403 SignatureDoesNotMatch'],
      ['an unknown key', { accessKeyId: 'AKIDUNKNOWN' }, unknownKey],
    ])('a form that was signed with %s is refused', async (_name, changes, status) => {
      const key = fresh();
      const { uploadUrl, uploadFields } = formFor(key, { credentials: { ...store.key, ...changes } });
      expect(await post(uploadUrl, uploadFields)).toMatch(new RegExp(`^${status}$`));
      expect(await s3.head(key)).toBeUndefined();
    });

    test('a form that breaks off leaves nothing, and may be sent again', async () => {
      const key = fresh();
      const { uploadUrl, uploadFields } = formFor(key);
      const { headers, body } = await encode(uploadFields, bytes);
      await new Promise<void>((resolve) => {
        const half = request(uploadUrl, { method: 'POST', headers: { ...headers, 'content-length': body.length } });
        half.on('error', () => resolve());
        half.on('close', () => resolve());
        half.write(body.subarray(0, body.length - 60), () => half.destroy());
      });
      expect(await s3.head(key)).toBeUndefined();
      expect(await post(uploadUrl, uploadFields)).toBe('204');
    });

    test('what is not there is not there, and may be removed and copied from all the same', async () => {
      const key = fresh();
      expect([await s3.head(key), await s3.get(key)]).toEqual([undefined, undefined]);
      await s3.remove(key);
      expect(await s3.copy(store.bucket, key, '"0"', other)).toBe(false);
      expect(await s3.head(other)).toBeUndefined();
    });

    test('an object is copied as long as it is the one that was looked at', async () => {
      const [from, to] = [fresh(), `contexts/${crypto.randomUUID()}-x.tar.gz`];
      await s3.put(from, bytes, contentType);
      const seen = (await s3.head(from))?.etag ?? '';
      await s3.put(from, Buffer.from('another'), contentType);
      expect(await s3.copy(store.bucket, from, seen, to)).toBe(false);
      expect(await s3.head(to)).toBeUndefined();
      expect(await s3.copy(store.bucket, from, (await s3.head(from))?.etag ?? '', to)).toBe(true);
      const copied = await s3.get(to);
      expect(copied && (await buffer(copied.body)).toString()).toBe('another');
      // A second time, over itself.
      expect(await s3.copy(store.bucket, from, (await s3.head(from))?.etag ?? '', to)).toBe(true);
    });

    test('any key that a prefix may make is one', async () => {
      const key = `a/b.c_d!*'()-/${crypto.randomUUID()} ä.jsonl.gz`;
      await s3.put(key, bytes, contentType);
      await s3.put(key, Buffer.from('anew'), contentType);
      expect((await s3.head(key))?.sizeBytes).toBe(4);
      const etag = (await s3.head(key))?.etag ?? '';
      expect(await s3.copy(store.bucket, key, etag, `${key}2`)).toBe(true);
      for (const each of [key, `${key}2`]) {
        expect((await s3.head(each))?.sizeBytes).toBe(4);
        await s3.remove(each);
        expect(await s3.head(each)).toBeUndefined();
      }
    });

    test.each<[string, Partial<S3Credentials>, string]>([
      ['another secret', { secretAccessKey: 'another' }, '403 SignatureDoesNotMatch'],
      ['an unknown key', { accessKeyId: 'AKIDUNKNOWN' }, unknownKey],
    ])('with %s every request is refused, with the reason', async (_name, changes, word) => {
      const key = fresh();
      await s3.put(key, bytes, contentType);
      const refused = await clientOf(changes);
      const requests = {
        head: () => refused.head(key),
        get: () => refused.get(key),
        put: () => refused.put(key, Buffer.from('x'), contentType),
        copy: () => refused.copy(store.bucket, key, '"0"', other),
        remove: () => refused.remove(key),
      };
      for (const [each, ask] of Object.entries(requests)) {
        const told = ask().then(
          () => 'done',
          ({ given }) => `${given.status} ${given.code}`,
        );
        expect(await told, each).toMatch(new RegExp(`^${word}$`));
      }
      expect((await s3.head(key))?.sizeBytes).toBe(bytes.length);
    });

    test('a bucket that is not there is told from an object that is not', async () => {
      const elsewhere = await clientOf({ bucketUrl: store.bucketUrl.replace(/[^/]+$/, 'elsewhere') });
      const refused = { given: { code: expect.stringMatching(/^(NoSuchBucket|AccessDenied)$/) } };
      await expect(elsewhere.head(fresh())).rejects.toMatchObject(refused);
      await expect(elsewhere.get(fresh())).rejects.toMatchObject(refused);
      await expect(elsewhere.remove(fresh())).rejects.toMatchObject(refused);
      await expect(elsewhere.put(fresh(), bytes, contentType)).rejects.toMatchObject(refused);
    });

    test.each([-20, 20])('a clock that is %i minutes off is refused, with the reason', async (minutes) => {
      const key = fresh();
      await s3.put(key, bytes, contentType);
      vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + minutes * minuteMs });
      await expect(s3.get(key)).rejects.toMatchObject({ given: { status: 403, code: 'RequestTimeTooSkewed' } });
    });
  });
}

/** The same policy, for ten times as much. */
function widened(policy = ''): string {
  const text = Buffer.from(policy, 'base64')
    .toString()
    .replace(String(limitBytes), String(10 * limitBytes));
  return Buffer.from(text).toString('base64');
}
