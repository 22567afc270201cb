import { readdir } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type BuildWorld, openBuildWorld } from '../testing/build-world.js';
import { databases } from '../testing/databases.js';
import { fakeS3Bucket, fakeS3Region, startFakeS3 } from '../testing/fake-s3.js';
import { fakeS3Key } from '../testing/fake-s3-signature.js';
import { contextOf } from '../testing/tar.js';
import { testActor } from '../testing/two-organizations.js';
import { openUploadWorld } from '../testing/upload-world.js';
import { createS3UploadStore } from './s3-upload-store.js';
import { readUploadFields } from './upload-service.js';

const mebibyte = 1024 * 1024;
const hourMs = 60 * 60_000;
const tooMuch = { status: 429, message: expect.stringContaining('uploads that no build was made of') };

async function* piecesOf(...pieces: (string | Promise<string>)[]) {
  for (const piece of pieces) yield Buffer.from(await piece);
}

describe.each(databases)('room for uploads on $name', (database) => {
  let world: BuildWorld;
  beforeEach(async () => {
    // The store takes files of at most a million bytes.
    world = await openBuildWorld(database, { unusedLimitBytes: 1.5 * mebibyte });
  });
  afterEach(() => world.end());

  const ask = (organization = world.acme) => world.uploads.createUrl(organization, testActor);
  async function send(source: AsyncIterable<Buffer>, declaredBytes?: number) {
    const { uploadFields } = await ask();
    return await world.uploads.receive(readUploadFields(new Map(Object.entries(uploadFields))), declaredBytes, source);
  }
  const half = () => Buffer.alloc(mebibyte / 2, 'x');

  test('is what the files may take that no build was made of', async () => {
    const [first] = [await world.upload(world.acme, half()), await world.upload(world.acme, half())];
    await expect(send(piecesOf('x'), mebibyte / 2 + 1)).rejects.toMatchObject(tooMuch);
    await (await send(piecesOf('x'.repeat(mebibyte / 2)), mebibyte / 2)).complete();
    const refusal = ask();
    await expect(refusal).rejects.toMatchObject({ ...tooMuch, headers: { 'retry-after': '3600' } });
    await expect(refusal).rejects.toThrow('has 2 MiB of uploads');
    await ask(world.bolt);
    await world.store.builds.uploads.use(world.acme.id, first);
    await ask();
  });

  test('is kept for what is on its way, so that two at once do not pass it', async () => {
    const gate = Promise.withResolvers<string>();
    const running = send(piecesOf('slow ', gate.promise), 900_000);
    await expect.poll(() => readdir(world.folder)).toHaveLength(1);
    await expect(send(piecesOf('second'), 900_000)).rejects.toMatchObject(tooMuch);
    // As large as one may be, where nobody says how large it is.
    await expect(send(piecesOf('third'))).rejects.toMatchObject(tooMuch);
    expect(await readdir(world.folder)).toHaveLength(1);
    gate.resolve('upload');
    await (await running).complete();
    await (await send(piecesOf('second'), 900_000)).complete();
  });

  test('comes back from one that did not come whole', async () => {
    const broken = (async function* () {
      yield Buffer.from('half');
      throw new Error('gone');
    })();
    await expect(send(broken, 900_000)).rejects.toThrow('gone');
    await (await send(piecesOf('whole'), 900_000)).abandon();
    await (await send(piecesOf('whole'), 900_000)).complete();
  });

  test('is taken up by files that were let go of until they are removed', async () => {
    for (let times = 0; times < 3; times++) {
      const id = await world.upload(world.acme, half());
      await world.store.builds.uploads.release(world.acme.id, id);
    }
    await expect(ask()).rejects.toMatchObject({ ...tooMuch, headers: { 'retry-after': '60' } });
    await world.uploads.sweep();
    await ask();
  });
});

describe.each(databases)('room in a bucket, rows in $name', (database) => {
  test('is taken up by what each form lets through, until a build is made of what came', async () => {
    const context = contextOf({ Dockerfile: 'FROM scratch\n' });
    const open = async () => {
      const fake = await startFakeS3({ now: () => new Date('2026-05-04T10:00:00.000Z') });
      const store = createS3UploadStore({
        ...{ bucket: fakeS3Bucket, region: fakeS3Region, prefix: '', limitBytes: 100_000 },
        ...{ bucketUrl: fake.bucketUrl, publicBucketUrl: fake.bucketUrl, credentials: async () => fakeS3Key },
      });
      return { store, count: async () => fake.objects.size, end: () => fake.close() };
    };
    const world = await openUploadWorld(database, open, { unusedLimitBytes: 250_000 });
    try {
      const ask = () => world.uploads.createUrl(world.acme, testActor);
      const asked = await Promise.allSettled([ask(), ask(), ask()]);
      const places = asked.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []));
      expect(places).toHaveLength(2);
      await expect(ask()).rejects.toMatchObject(tooMuch);
      const [{ uploadId } = await ask()] = places;
      for (const place of places) expect(await world.post(place, context)).toBeLessThan(300);
      await expect(ask()).rejects.toMatchObject(tooMuch);
      await world.builds.create(world.acme, testActor, { uploadId });
      await ask();
      await expect(ask()).rejects.toMatchObject(tooMuch);
      world.clock.advance(hourMs + 16 * 60_000);
      await world.uploads.sweep();
      await ask();
    } finally {
      await world.end();
    }
  });
});
