import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type BuildWorld, openBuildWorld, withoutWorkers } from '../testing/build-world.js';
import { databases } from '../testing/databases.js';
import { contextOf } from '../testing/tar.js';
import { testActor } from '../testing/two-organizations.js';
import { createBuildService } from './build-service.js';

describe.each(databases)('builds on $name', (database) => {
  let world: BuildWorld;
  beforeEach(async () => {
    world = await openBuildWorld(database);
  });
  afterEach(() => world.end());

  const create = (
    uploadId: string,
    more: { region?: string; dockerfilePath?: string } = {},
    organization = world.acme,
  ) => world.builds.create(organization, testActor, { uploadId, ...more });
  const at = () => world.clock.now().toISOString();
  const refusal = (message: string) => ({ status: 400, message: expect.stringContaining(message) });

  async function succeeded(uploadId: string, organization = world.acme) {
    const { build } = await create(uploadId, {}, organization);
    await world.builds.buildFinished(build.id, 'success', undefined, at());
    return build;
  }

  test('a build of an upload is pending, audited, and the queue hears of it', async () => {
    const uploadId = await world.upload(world.acme);
    const { build, cached } = await create(uploadId);
    expect({ cached, status: build.status, path: build.dockerfilePath, nudges: world.nudges() }).toEqual({
      cached: false,
      status: 'pending',
      path: 'Dockerfile',
      nudges: 1,
    });
    expect(await world.builds.get(world.acme.id, build.id)).toEqual(build);
    const audited = await world.store.audit.list(world.acme.id, 10);
    expect(audited).toMatchObject([
      { action: 'build.created', target: build.id, actorId: testActor.id },
      { action: 'build.upload_offered', target: build.uploadId, actorId: testActor.id },
    ]);
  });

  test('the same files are not built twice once they succeeded', async () => {
    const first = await succeeded(await world.upload(world.acme));
    const again = await create(await world.upload(world.acme));
    expect(again).toMatchObject({ cached: true, build: { id: first.id, status: 'success' } });
    // Another path, other files and another organization are other builds.
    const other = await world.upload(world.acme, contextOf({ Dockerfile: 'FROM other\n', 'b/Dockerfile': 'x' }));
    expect((await create(other)).cached).toBe(false);
    expect((await create(other, { dockerfilePath: 'b/Dockerfile' })).cached).toBe(false);
    expect((await create(await world.upload(world.bolt), {}, world.bolt)).cached).toBe(false);
  });

  test('of one organization, contexts are read through one after the other; another need not wait', async () => {
    const open: string[] = [];
    const gate = Promise.withResolvers<void>();
    const files = {
      async open(uploadId: string) {
        open.push(uploadId);
        await gate.promise;
        return undefined;
      },
    };
    const builds = createBuildService({ ...world, ...withoutWorkers, files });
    const organizations = [world.acme, world.acme, world.bolt];
    const uploadIds = await Promise.all(organizations.map((organization) => world.upload(organization)));
    const created = organizations.map((organization, index) =>
      builds.create(organization, testActor, { uploadId: uploadIds[index] ?? '' }),
    );
    await vi.waitFor(() => expect(open).toHaveLength(2), 60_000);
    expect(open.filter((id) => id !== uploadIds[2])).toHaveLength(1);
    gate.resolve();
    const ends = await Promise.allSettled(created);
    expect(ends.map(({ status }) => status)).toEqual(Array(3).fill('rejected'));
    expect(open.toSorted()).toEqual(uploadIds.toSorted());
  });

  test('a failed build is not reused', async () => {
    const { build } = await create(await world.upload(world.acme));
    await world.builds.buildFinished(build.id, 'failed', 'no', at());
    expect(await create(await world.upload(world.acme))).toMatchObject({ cached: false });
  });

  test('files that only share the short hash are another build', async () => {
    const first = await succeeded(await world.upload(world.acme));
    const uploadId = await world.upload(world.acme, contextOf({ Dockerfile: 'FROM elsewhere\n' }));
    await world.db.updateTable('upload').set({ context_hash: first.contextHash }).where('id', '=', uploadId).execute();
    expect((await create(uploadId)).cached).toBe(false);
  });

  test('a repeated request gets the build that it started, however many come at once', async () => {
    const uploadId = await world.upload(world.acme);
    const made = await Promise.all(Array.from({ length: 5 }, () => create(uploadId)));
    expect(new Set(made.map(({ build }) => build.id)).size).toBe(1);
    expect((await world.builds.list(world.acme.id, {})).total).toBe(1);
  });

  test('refuses uploads that are unknown, foreign, waiting, removed or without their file, and other regions', async () => {
    await expect(create('550e8400-0000-4000-8000-000000000001')).rejects.toMatchObject(refusal('no such upload'));
    await expect(create('../../etc/passwd\0')).rejects.toMatchObject(refusal('no such upload'));
    const uploadId = await world.upload(world.acme);
    await expect(create(uploadId, {}, world.bolt)).rejects.toMatchObject(refusal('no such upload'));
    await expect(create(uploadId, { region: 'mars' })).rejects.toMatchObject(refusal('same region'));
    const waiting = await world.uploads.createUrl(world.acme, testActor);
    await expect(create(waiting.uploadId)).rejects.toMatchObject(refusal('has not received its file'));
    await rm(join(world.folder, `${uploadId}.tar.gz`));
    await expect(create(uploadId)).rejects.toMatchObject(refusal('ask for a new upload URL'));
    await world.db.updateTable('upload').set({ state: 'removed' }).where('id', '=', uploadId).execute();
    await expect(create(uploadId)).rejects.toMatchObject(refusal('no such upload'));
    expect((await world.builds.list(world.acme.id, {})).total).toBe(0);
  });

  test('refuses a bad context and a Dockerfile outside it, and starts nothing', async () => {
    const uploadId = await world.upload(world.acme, contextOf({ '../evil': 'x', Dockerfile: 'x' }));
    await expect(create(uploadId)).rejects.toMatchObject(refusal("'../evil' has '..' in its path"));
    const fine = await world.upload(world.acme);
    const runnable = await world.upload(world.acme, contextOf({ 'bot.py': 'x', Dockerfile: 'x' }));
    const outside = ['/etc/Dockerfile', '../Dockerfile', 'a\0b', 'a\\b'];
    for (const dockerfilePath of [...outside, '.', './/.', '["Dockerfile"]', 'https://example.com/Dockerfile']) {
      await expect(create(runnable, { dockerfilePath })).rejects.toMatchObject(refusal('inside the build context'));
      await expect(create(fine, { dockerfilePath })).rejects.toMatchObject(refusal('inside the build context'));
    }
    await expect(create(fine, { dockerfilePath: 'missing' })).rejects.toMatchObject(refusal("no 'missing'"));
    expect((await world.builds.list(world.acme.id, {})).total).toBe(0);
    expect(world.nudges()).toBe(0);
  });

  test('lists newest first, with filters that combine and the total of all pages', async () => {
    const made: string[] = [];
    for (const text of ['a', 'b', 'c']) {
      world.clock.advance(1000);
      made.push((await create(await world.upload(world.acme, contextOf({ Dockerfile: text })))).build.id);
    }
    await world.builds.buildFinished(made[1] ?? '', 'success', undefined, at());
    const ids = async (query: Parameters<typeof world.builds.list>[1]) => {
      const { builds, total } = await world.builds.list(world.acme.id, query);
      return [builds.map(({ id }) => made.indexOf(id)), total];
    };
    expect(await ids({})).toEqual([[2, 1, 0], 3]);
    expect(await ids({ limit: 1, offset: 1 })).toEqual([[1], 3]);
    expect(await ids({ status: 'pending' })).toEqual([[2, 0], 2]);
    const { contextHash } = await world.builds.get(world.acme.id, made[1] ?? '');
    expect(await ids({ contextHash, status: 'success', region: 'us-west', dockerfilePath: 'Dockerfile' })).toEqual([
      [1],
      1,
    ]);
    expect(await ids({ contextHash, status: 'pending' })).toEqual([[], 0]);
    expect(await ids({ region: 'mars' })).toEqual([[], 0]);
    expect(await ids({ dockerfilePath: 'a\0' })).toEqual([[], 0]);
    expect((await world.builds.list(world.bolt.id, {})).total).toBe(0);
  });

  test("another organization's build is not found, nor are its logs, nor can it be deployed", async () => {
    const build = await succeeded(await world.upload(world.acme));
    for (const id of [build.id, 'no-uuid', '\0']) {
      await expect(world.builds.get(world.bolt.id, id)).rejects.toMatchObject({ status: 404 });
      await expect(world.builds.logs(world.bolt.id, id, {})).rejects.toMatchObject({ status: 404 });
      await expect(world.builds.findUsable(world.bolt.id, id)).rejects.toMatchObject({
        status: 404,
        message: expect.stringContaining('no such build'),
      });
    }
  });

  test('only a successful build can be deployed', async () => {
    const { build } = await create(await world.upload(world.acme));
    await expect(world.builds.findUsable(world.acme.id, build.id)).rejects.toMatchObject(
      refusal("status is 'pending'"),
    );
    await world.builds.buildFinished(build.id, 'failed', 'pip says no', at());
    await expect(world.builds.findUsable(world.acme.id, build.id)).rejects.toMatchObject(
      refusal("'failed', not 'success' (pip says no)"),
    );
    const fine = await succeeded(await world.upload(world.acme));
    const found = await world.store.transaction((repos) => world.builds.findUsable(world.acme.id, fine.id, repos));
    expect(found).toMatchObject({ id: fine.id, status: 'success' });
  });

  test('gives a worker the uploaded bytes, also after the sweep', async () => {
    const content = contextOf({ Dockerfile: 'FROM scratch\n# kept\n' });
    const { build } = await create(await world.upload(world.acme, content));
    world.clock.advance(24 * 60 * 60_000);
    await world.uploads.sweep();
    const opened = await world.builds.openContext(build.id);
    expect({ sizeBytes: opened.sizeBytes, sha256: opened.sha256 }).toEqual({
      sizeBytes: content.length,
      sha256: build.contextSha256,
    });
    expect(await text(opened.stream.setEncoding('latin1'))).toBe(content.toString('latin1'));
    expect(await readdir(world.folder)).toHaveLength(1);
    await expect(world.builds.openContext('550e8400-0000-4000-8000-000000000001')).rejects.toMatchObject({
      status: 404,
    });
  });
});
