import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { describeUploads } from '../testing/contracts/uploads.js';
import { type FakeS3, fakeS3Bucket, fakeS3Region, startFakeS3 } from '../testing/fake-s3.js';
import { fakeS3Key, S3Fault } from '../testing/fake-s3-signature.js';
import { createS3UploadStore } from './s3-upload-store.js';
import type { ArrivalThere } from './upload-store.js';

const id = '550e8400-0000-4000-8000-000000000001';
const incoming = `team/incoming/${id}.tar.gz`;

function storeOn(fake: FakeS3, changes: Partial<Parameters<typeof createS3UploadStore>[0]> = {}) {
  const store = createS3UploadStore({
    bucket: fakeS3Bucket,
    region: fakeS3Region,
    bucketUrl: fake.bucketUrl,
    publicBucketUrl: fake.bucketUrl,
    prefix: 'team/',
    credentials: async () => fakeS3Key,
    limitBytes: 100_000,
    ...changes,
  });
  return { ...store, arrival: store.arrival as ArrivalThere };
}

describeUploads('an S3-compatible bucket', async (clock, limitBytes) => {
  const fake = await startFakeS3({ now: clock.now });
  return { store: storeOn(fake, { limitBytes }), count: async () => fake.objects.size, end: () => fake.close() };
});

describe('against a bucket', () => {
  let fake: FakeS3;
  beforeEach(async () => {
    fake = await startFakeS3({ now: () => new Date() });
  });
  afterEach(() => fake.close());

  const keys = () => [...fake.objects.keys()];

  test('the form goes to the address that clients reach, and names no secret', async () => {
    const { arrival } = storeOn(fake, { publicBucketUrl: 'https://files.example.com/contexts' });
    const now = new Date('2026-05-04T10:00:00.000Z');
    const { uploadUrl, uploadFields } = await arrival.offer(id, now, new Date(now.getTime() + 900_000));
    expect(uploadUrl).toBe('https://files.example.com/contexts');
    expect(Object.keys(uploadFields)).toEqual([
      ...['key', 'Content-Type', 'X-Amz-Algorithm', 'X-Amz-Credential', 'X-Amz-Date', 'Policy', 'X-Amz-Signature'],
    ]);
    expect(JSON.parse(Buffer.from(uploadFields.Policy ?? '', 'base64').toString())).toEqual({
      expiration: '2026-05-04T10:15:00.000Z',
      conditions: [
        { bucket: 'contexts' },
        { key: incoming },
        { 'Content-Type': 'application/gzip' },
        { 'X-Amz-Algorithm': 'AWS4-HMAC-SHA256' },
        { 'X-Amz-Credential': `AKIDEXAMPLE/20260504/${fakeS3Region}/s3/aws4_request` },
        { 'X-Amz-Date': '20260504T100000Z' },
        ['content-length-range', 1, 100_000],
      ],
    });
    expect(JSON.stringify(uploadFields)).not.toContain(fakeS3Key.secretAccessKey);
  });

  test('a file that is replaced between reading and keeping is not kept', async () => {
    const { arrival } = storeOn(fake);
    fake.put(incoming, Buffer.from('one'));
    fake.before((request) => {
      if (request.startsWith('PUT')) fake.put(incoming, Buffer.from('two'));
    });
    expect(await arrival.collect(id)).toBeUndefined();
    expect(keys()).toEqual([incoming]);
  });

  test('a file that is replaced while it is looked at is not taken for the other one', async () => {
    const { arrival } = storeOn(fake);
    fake.put(incoming, Buffer.from('one'));
    fake.before((request) => {
      if (request.startsWith('GET')) fake.put(incoming, Buffer.from('two'));
    });
    expect(await arrival.collect(id)).toBeUndefined();
  });

  test('a store that does not keep to the limit is not trusted', async () => {
    fake.put(incoming, Buffer.alloc(100_001));
    await expect(storeOn(fake).arrival.collect(id)).rejects.toMatchObject({ status: 413 });
    fake.put(incoming, Buffer.alloc(0));
    await expect(storeOn(fake).arrival.collect(id)).rejects.toMatchObject({ status: 400 });
  });

  test('a copy that fails with a success status is a failure', async () => {
    const { arrival } = storeOn(fake);
    fake.put(incoming, Buffer.from('one'));
    fake.failCopies();
    await expect(arrival.collect(id)).rejects.toMatchObject({
      status: 503,
      message: expect.stringContaining('try again'),
    });
  });

  test('contexts from before the bucket are found where they were', async () => {
    const earlier = {
      open: async () => ({ sizeBytes: 3, stream: (await import('node:stream')).Readable.from([Buffer.from('old')]) }),
    };
    const found = await storeOn(fake, { earlier }).open(id, '0'.repeat(64));
    expect(found && (await buffer(found.stream)).toString()).toBe('old');
  });

  test('a store that is away, stumbles or breaks off: 503, and it works again afterwards', async () => {
    const { arrival, open } = storeOn(fake);
    fake.put(incoming, Buffer.from('one'));
    let faults = 2;
    fake.before(() => {
      if (faults-- > 0) throw new Error('stumbled');
    });
    const content = await arrival.collect(id);
    expect(content?.sizeBytes).toBe(3);
    fake.before(() => {
      throw new Error('down');
    });
    await expect(arrival.collect(id)).rejects.toMatchObject({ status: 503, message: expect.stringContaining('fault') });
    fake.before(() => {});
    fake.cutAfter(1);
    const opened = await open(id, content?.sha256 ?? '');
    await expect(buffer(opened?.stream as never)).rejects.toMatchObject({ status: 503 });
    await fake.close();
    await expect(arrival.collect(id)).rejects.toMatchObject({
      status: 503,
      message: expect.stringContaining('does not answer'),
    });
  });

  test('a file that is let go of in the middle lets go of its connection, though nothing comes', async () => {
    const { arrival, open } = storeOn(fake);
    fake.put(incoming, Buffer.from('one'));
    const content = await arrival.collect(id);
    fake.stallAfter(1);
    const opened = await open(id, content?.sha256 ?? '');
    const stream = opened?.stream as Readable;
    const [first] = await once(stream, 'data');
    expect(String(first)).toBe('o');
    expect(fake.stalled()).toBe(1);
    const closed = once(stream, 'close');
    stream.destroy();
    await closed;
    await vi.waitFor(() => expect(fake.stalled()).toBe(0), { timeout: 60_000 });
  });

  test.each<[string, Partial<Parameters<typeof createS3UploadStore>[0]>, RegExp]>([
    [
      'a wrong secret',
      { credentials: async () => ({ ...fakeS3Key, secretAccessKey: 'wrong' }) },
      /SignatureDoesNotMatch/,
    ],
    ['an unknown key', { credentials: async () => ({ ...fakeS3Key, accessKeyId: 'AKIDOTHER' }) }, /InvalidAccessKeyId/],
    ['a wrong region', { region: 'us-east-1' }, /expecting 'eu-test-1'/],
  ])('%s: callers learn nothing of it, whoever runs the server does', async (_name, changes, reason) => {
    const { arrival, open } = storeOn(fake, changes);
    fake.put(incoming, Buffer.from('one'));
    for (const refused of [() => arrival.collect(id), () => open(id, '0'.repeat(64))])
      await expect(refused()).rejects.toMatchObject({
        status: 503,
        message: 'The storage of uploads refuses this server; whoever runs it finds the reason in its log',
      });
    await expect(arrival.check()).rejects.toThrow(reason);
    await expect(arrival.check()).rejects.toThrow('PIPECAT_CLOUD_S3_');
  });

  test('a key that can not be read is told before anything is made', async () => {
    const { arrival } = storeOn(fake, { credentials: () => Promise.reject(new Error('ENOENT: secret')) });
    const refused = { status: 503, message: expect.stringContaining('can not be read') };
    await expect(arrival.offer(id, new Date(), new Date())).rejects.toMatchObject(refused);
    await expect(arrival.collect(id)).rejects.toMatchObject(refused);
  });

  test('only what the store calls a missing object is one, whatever its status', async () => {
    const { arrival, remove } = storeOn(fake);
    fake.put(incoming, Buffer.from('one'));
    // What versitygw answers to a key that it does not know.
    fake.before(() => {
      throw new S3Fault(404, 'XAdminUserNotFound', 'No user exists with the provided access key ID.');
    });
    await expect(arrival.check()).rejects.toThrow(/can't be used: No user exists/);
    for (const refused of [() => arrival.collect(id), () => remove(id, '0'.repeat(64))])
      await expect(refused()).rejects.toMatchObject({ status: 503, message: expect.stringContaining('refuses this') });
  });

  test('a bucket that is not there is found out at the start', async () => {
    await expect(storeOn(fake).arrival.check()).resolves.toBeUndefined();
    const bucketUrl = `${fake.url}/elsewhere`;
    await expect(storeOn(fake, { bucketUrl, bucket: 'elsewhere' }).arrival.check()).rejects.toThrow(/NoSuchBucket/);
  });
});
