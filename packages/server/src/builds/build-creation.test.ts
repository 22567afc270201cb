import { readdir } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { OrganizationAccess } from '../access/principal.js';
import { type BuildWorld, openBuildWorld, withoutWorkers } from '../testing/build-world.js';
import { databases } from '../testing/databases.js';
import { contextOf } from '../testing/tar.js';
import { testActor } from '../testing/two-organizations.js';
import { createBuildService } from './build-service.js';
import { createDiskUploadStore } from './disk-upload-store.js';

const minuteMs = 60_000;

describe.each(databases)('what a build is asked for with, on $name', (database) => {
  let world: BuildWorld;
  beforeEach(async () => {
    world = await openBuildWorld(database, { unusedLimit: 2, openLimit: 3 });
  });
  afterEach(() => world.end());

  const create = (uploadId: string, dockerfilePath = 'Dockerfile') =>
    world.builds.create(world.acme, testActor, { uploadId, dockerfilePath });
  const stateOf = async (id: string) => (await world.store.builds.uploads.findAny(id))?.state;
  const fail = (id: string) => world.builds.buildFinished(id, 'failed', 'no', world.clock.now().toISOString());
  const succeed = (id: string) => world.builds.buildFinished(id, 'success', undefined, world.clock.now().toISOString());

  test('uploads that another build answers for make no room scarce, and give the same answer for an hour', async () => {
    const { build } = await create(await world.upload(world.acme));
    const joined: string[] = [];
    for (let count = 0; count < 4; count++) {
      const uploadId = await world.upload(world.acme);
      expect(await create(uploadId)).toMatchObject({ cached: false, build: { id: build.id } });
      joined.push(uploadId);
    }
    await world.uploads.sweep();
    expect(await readdir(world.folder)).toEqual([`${build.uploadId}.tar.gz`]);
    for (const uploadId of joined)
      expect(await create(uploadId)).toMatchObject({ cached: false, build: { id: build.id } });

    await succeed(build.id);
    for (let count = 0; count < 4; count++) {
      const uploadId = await world.upload(world.acme);
      expect(await create(uploadId)).toMatchObject({ cached: true, build: { id: build.id } });
      world.clock.advance(59 * minuteMs);
      await world.uploads.sweep();
      expect(await create(uploadId)).toMatchObject({ cached: true, build: { id: build.id } });
      world.clock.advance(2 * minuteMs);
      await world.uploads.sweep();
      await expect(create(uploadId)).rejects.toMatchObject({ status: 400 });
      expect(await stateOf(uploadId)).toBeUndefined();
    }
    expect(await create(build.uploadId)).toMatchObject({ cached: true, build: { id: build.id } });
    expect(await stateOf(build.uploadId)).toBe('used');
  });

  test('an upload that was let go of becomes no build any more, whose file would be missing', async () => {
    const { build } = await create(await world.upload(world.acme));
    const uploadId = await world.upload(world.acme);
    await create(uploadId);
    await fail(build.id);
    const refusal = { status: 400, message: expect.stringContaining('ask for a new upload URL') };
    await expect(create(uploadId)).rejects.toMatchObject(refusal);
    await world.uploads.sweep();
    await expect(create(uploadId)).rejects.toMatchObject(refusal);
  });

  test('an upload that a build names stays its own, whatever else answers for it', async () => {
    const first = await create(await world.upload(world.acme));
    await fail(first.build.id);
    const second = await create(await world.upload(world.acme));
    await succeed(second.build.id);
    expect(await create(first.build.uploadId)).toMatchObject({ cached: true, build: { id: second.build.id } });
    expect(await stateOf(first.build.uploadId)).toBe('used');
  });

  test('uploads that are no contexts make no room scarce; one that wants another Dockerfile is kept', async () => {
    for (let count = 0; count < 4; count++) {
      const uploadId = await world.upload(world.acme, contextOf({ '../evil': 'x' }));
      const refusal = { status: 400, message: expect.stringContaining('../evil') };
      await expect(create(uploadId)).rejects.toMatchObject(refusal);
      await expect(create(uploadId)).rejects.toMatchObject(refusal);
      expect(await stateOf(uploadId)).toBe('removed');
    }
    const uploadId = await world.upload(world.acme);
    await expect(create(uploadId, 'docker/Dockerfile')).rejects.toMatchObject({ status: 400 });
    expect(await create(uploadId)).toMatchObject({ cached: false, build: { uploadId } });
  });

  test('of many different builds asked for at once, no more are made than may be under way', async () => {
    const roomy = await openBuildWorld(database, { openLimit: 3 });
    try {
      const uploadIds: string[] = [];
      for (let count = 0; count < 8; count++)
        uploadIds.push(await roomy.upload(roomy.acme, contextOf({ Dockerfile: `FROM s${count}\n` })));
      // As of two control planes on one database: what the turns of one see says nothing of the other.
      const files = createDiskUploadStore({ directory: roomy.folder, limitBytes: 1_000_000 });
      const other = createBuildService({ ...roomy, ...withoutWorkers, files, openLimit: 3 });
      const asked = await Promise.allSettled(
        uploadIds.map((uploadId, index) =>
          (index % 2 === 0 ? roomy.builds : other).create(roomy.acme, testActor, { uploadId }),
        ),
      );
      expect(asked.filter(({ status }) => status === 'fulfilled')).toHaveLength(3);
      for (const ended of asked) if (ended.status === 'rejected') expect(ended.reason).toMatchObject({ status: 429 });
      expect(await roomy.store.builds.countOpen(roomy.acme.id)).toBe(3);
    } finally {
      await roomy.end();
    }
  });

  test('of many who ask for the same at once, one has the files read through', async () => {
    let opened = 0;
    const disk = createDiskUploadStore({ directory: world.folder, limitBytes: 1_000_000 });
    const files = {
      open(...file: Parameters<typeof disk.open>) {
        opened++;
        return disk.open(...file);
      },
    };
    const builds = createBuildService({ ...world, ...withoutWorkers, files });
    const uploadId = await world.upload(world.acme);
    await Promise.all(Array.from({ length: 5 }, () => builds.create(world.acme, testActor, { uploadId })));
    expect(opened).toBe(1);
  });

  describe('while the storage gives nothing', () => {
    /** Files that go no further, and where they hang not even when they are let go of. */
    function stalled(contextReadMs: number, hangs = false) {
      const streams: Readable[] = [];
      const files = {
        async open() {
          const stream = new Readable({ read() {}, ...(hangs && { destroy() {} }) });
          streams.push(stream);
          return { sizeBytes: 1, stream };
        },
      };
      const builds = createBuildService({ ...world, ...withoutWorkers, files, contextReadMs });
      const ask = async (organization: OrganizationAccess, text: string, gone?: AbortSignal) => {
        const uploadId = await world.upload(organization, contextOf({ Dockerfile: text }));
        return () => builds.create(organization, testActor, { uploadId }, gone);
      };
      return { streams, ask };
    }

    test('a build is refused in time, and its file let go of', async () => {
      const { streams, ask } = stalled(50, true);
      const [one, two] = [await ask(world.acme, 'a'), await ask(world.acme, 'b')];
      const ends = await Promise.allSettled([one(), two()]);
      expect(ends).toMatchObject(Array(2).fill({ status: 'rejected', reason: { status: 503 } }));
      expect(streams.map(({ destroyed }) => destroyed)).toEqual([true, true]);
      expect(await world.store.builds.uploads.unused(world.acme.id)).toMatchObject({ count: 2 });
    });

    test('whoever goes away while others are before it is not waited for', async () => {
      const { streams, ask } = stalled(10 * minuteMs);
      const gone = new AbortController();
      const [one, two] = [await ask(world.acme, 'a'), await ask(world.acme, 'b', gone.signal)];
      const ends = Promise.allSettled([one(), two()]);
      await vi.waitFor(() => expect(streams).toHaveLength(1), 60_000);
      gone.abort(new Error('went away'));
      streams[0]?.destroy(new Error('broken'));
      expect(await ends).toMatchObject([{ reason: { message: 'broken' } }, { reason: gone.signal.reason }]);
      expect(streams).toHaveLength(1);
    });
  });
});
