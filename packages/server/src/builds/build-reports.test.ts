import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type BuildWorld, openBuildWorld } from '../testing/build-world.js';
import { databases } from '../testing/databases.js';
import { testActor } from '../testing/two-organizations.js';
import { presentBuild } from './build-wire.js';

describe.each(databases)('build reports on $name', (database) => {
  let world: BuildWorld;
  let id: string;
  beforeEach(async () => {
    world = await openBuildWorld(database, { lineLimit: 5 });
    const uploadId = await world.upload(world.acme);
    id = (await world.builds.create(world.acme, testActor, { uploadId })).build.id;
  });
  afterEach(() => world.end());

  const shown = async () => presentBuild(await world.builds.get(world.acme.id, id));
  const logs = (page = {}) => world.builds.logs(world.acme.id, id, page);
  const line = (position: number, text = `line ${position}`) => ({ position, text });

  test('a build starts once and ends once, whatever is repeated or late', async () => {
    expect(await shown()).toMatchObject({ status: 'pending' });
    await world.builds.buildStarted(id, '2026-05-04T10:00:01.000Z');
    await world.builds.buildStarted(id, '2026-05-04T10:00:09.000Z');
    expect(await shown()).toMatchObject({ status: 'building', startedAt: '2026-05-04T10:00:01.000Z' });
    await world.builds.buildFinished(id, 'success', 'not shown', '2026-05-04T10:00:31.600Z');
    const finished = await shown();
    expect(finished).toMatchObject({
      status: 'success',
      imageUri: `build:${id}`,
      completedAt: '2026-05-04T10:00:31.600Z',
      buildDurationSeconds: 31,
    });
    expect(finished).not.toHaveProperty('errorMessage');
    world.clock.advance(5000);
    await world.builds.buildFinished(id, 'failed', 'late', '2026-05-04T10:00:40.000Z');
    await world.builds.buildStarted(id, '2026-05-04T10:00:41.000Z');
    expect(await shown()).toEqual(finished);
  });

  test('an end without a start, and a clock that was set back', async () => {
    await world.builds.buildFinished(id, 'timeout', undefined, '2026-05-04T10:00:31.000Z');
    expect(await shown()).toMatchObject({
      status: 'timeout',
      startedAt: '2026-05-04T10:00:31.000Z',
      buildDurationSeconds: 0,
      errorMessage: expect.stringContaining('longer than it may'),
    });
    expect(await shown()).not.toHaveProperty('imageUri');
  });

  test('a time that is none is the time of the report', async () => {
    await world.builds.buildFinished(id, 'failed', 'broken\0pipe', 'yesterday');
    expect(await shown()).toMatchObject({
      completedAt: world.clock.now().toISOString(),
      errorMessage: 'broken\uFFFDpipe',
    });
  });

  test('repeated and overlapping lines are kept once, in order of position', async () => {
    expect(await logs()).toEqual([]);
    await world.builds.buildLines(id, [line(20), line(10), line(10, 'again')]);
    await world.builds.buildLines(id, [line(10, 'changed'), line(20), line(30)]);
    await world.builds.buildLines(id, []);
    expect((await logs()).slice(1)).toEqual(['line 20', 'line 30']);
    expect(await logs({ limit: 1, offset: 1 })).toEqual(['line 20']);
    expect(await logs()).toHaveLength(3);
  });

  test('of too many lines the first are kept, and the last line says so, once', async () => {
    await world.builds.buildLines(
      id,
      [1, 2, 3].map((n) => line(n)),
    );
    await world.builds.buildLines(
      id,
      [3, 4, 5, 6].map((n) => line(n)),
    );
    await world.builds.buildLines(
      id,
      [5, 6, 7].map((n) => line(n)),
    );
    expect(await logs()).toEqual([
      'line 1',
      'line 2',
      'line 3',
      'line 4',
      expect.stringContaining('more than 4 lines'),
    ]);
  });

  test('a build of exactly as many lines as there is room for says nothing', async () => {
    await world.builds.buildLines(
      id,
      [1, 2, 3, 4].map((n) => line(n)),
    );
    await world.builds.buildLines(
      id,
      [4].map((n) => line(n)),
    );
    expect(await logs()).toEqual(['line 1', 'line 2', 'line 3', 'line 4']);
  });

  test('a NUL and a line without end do no harm', async () => {
    await world.builds.buildLines(id, [line(1, 'a\0b'), line(2, 'x'.repeat(20_000))]);
    const [first, second] = await logs();
    expect(first).toBe('a\uFFFDb');
    expect(second).toHaveLength(16_001);
  });

  test('reports of an unknown build are passed over', async () => {
    const unknown = '550e8400-0000-4000-8000-000000000001';
    await world.builds.buildLines(unknown, [line(1)]);
    await world.builds.buildStarted(unknown, world.clock.now().toISOString());
    await world.builds.buildFinished(unknown, 'success', undefined, world.clock.now().toISOString());
    expect(await world.db.selectFrom('build_log').selectAll().execute()).toEqual([]);
  });
});
