import { readdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type BuildWorld, openBuildWorld } from '../testing/build-world.js';
import { databases } from '../testing/databases.js';
import { testActor } from '../testing/two-organizations.js';

const hourMs = 60 * 60_000;

describe.each(databases)('uploads on $name', (database) => {
  let world: BuildWorld;
  beforeEach(async () => {
    world = await openBuildWorld(database, { unusedLimit: 4 });
  });
  afterEach(() => world.end());

  const stateOf = async (id: string) => (await world.store.builds.uploads.findAny(id))?.state;
  const states = (...ids: string[]) => Promise.all(ids.map(stateOf));

  test('gives a place for a file, with its fields in order', async () => {
    const place = await world.uploads.createUrl(world.acme, testActor);
    expect(Object.keys(place.uploadFields)).toEqual(['key', 'Content-Type', 'expires', 'signature']);
    expect(place).toMatchObject({
      uploadUrl: 'http://localhost:7400/v1/uploads',
      uploadFields: { key: place.uploadId, 'Content-Type': 'application/gzip' },
      expiresAt: '2026-05-04T10:15:00.000Z',
    });
    const refusal = { status: 400, message: expect.stringContaining("'us-west'") };
    await expect(world.uploads.createUrl(world.acme, testActor, 'mars')).rejects.toMatchObject(refusal);
  });

  test('an organization with many that no build was made of gets no more, until some are built or gone', async () => {
    const complete = await world.upload(world.acme);
    const ask = (organization = world.acme) => world.uploads.createUrl(organization, testActor);
    const asked = await Promise.allSettled(Array.from({ length: 8 }, () => ask()));
    expect(asked.filter(({ status }) => status === 'fulfilled')).toHaveLength(3);
    const refusal = { status: 429, message: expect.stringContaining('has 4 uploads that no build was made of') };
    await expect(ask()).rejects.toMatchObject({ ...refusal, headers: { 'retry-after': '3600' } });
    world.clock.advance(50 * 60_000);
    await expect(ask()).rejects.toMatchObject({ headers: { 'retry-after': '600' } });
    await ask(world.bolt);
    await world.store.builds.uploads.use(world.acme.id, complete);
    await ask();
    await expect(ask()).rejects.toMatchObject(refusal);
    world.clock.advance(hourMs + 16 * 60_000);
    await world.uploads.sweep();
    await ask();
  });

  test('what nobody made a build of goes after a while; what a build was made of stays', async () => {
    const { uploadId: idle } = await world.uploads.createUrl(world.acme, testActor);
    const complete = await world.upload(world.acme);
    const used = await world.upload(world.bolt);
    await world.store.builds.uploads.use(world.bolt.id, used);

    world.clock.advance(hourMs - 1000);
    await world.uploads.sweep();
    expect(await states(idle, complete, used)).toEqual(['waiting', 'complete', 'used']);
    world.clock.advance(2000);
    await world.uploads.sweep();
    expect(await states(idle, complete, used)).toEqual(['waiting', undefined, 'used']);
    world.clock.advance(15 * 60_000);
    await world.uploads.sweep();
    expect(await states(idle, complete, used)).toEqual([undefined, undefined, 'used']);
    expect(await readdir(world.folder)).toEqual([`${used}.tar.gz`]);
  });

  test('what an ended process left half written goes, what is being written stays', async () => {
    const [left, fresh] = [join(world.folder, 'left.tmp'), join(world.folder, 'fresh.tmp')];
    for (const [path, ageMs] of [
      [left, hourMs + 1000],
      [fresh, hourMs - 1000],
    ] as const) {
      await writeFile(path, 'x');
      const written = new Date(world.clock.now().getTime() - ageMs);
      await utimes(path, written, written);
    }
    await world.uploads.sweep();
    expect(await readdir(world.folder)).toEqual(['fresh.tmp']);
  });

  test('an upload that is still arriving is not swept away', async () => {
    const { uploadId, uploadFields } = await world.uploads.createUrl(world.acme, testActor);
    const gate = Promise.withResolvers<void>();
    const slow = (async function* () {
      yield Buffer.from('slow ');
      await gate.promise;
      yield Buffer.from('upload');
    })();
    const { key = '', expires = '', signature = '' } = uploadFields;
    const arriving = world.uploads.receive(
      { key, 'Content-Type': 'application/gzip', expires, signature },
      undefined,
      slow,
    );
    await expect.poll(() => readdir(world.folder)).toHaveLength(1);
    world.clock.advance(5 * hourMs);
    const [temporary = ''] = await readdir(world.folder);
    await utimes(join(world.folder, temporary), world.clock.now(), world.clock.now());
    await world.uploads.sweep();
    gate.resolve();
    await (await arriving).complete();
    expect(await stateOf(uploadId)).toBe('complete');
  });
});
