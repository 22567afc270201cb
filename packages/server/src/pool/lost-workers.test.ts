import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { scratchDatabases } from '../testing/databases.js';
import { openPoolWorld, type PoolWorld, until } from '../testing/pool-world.js';
import { isLost, isOver } from './lost-workers.js';

test('a machine is lost after a minute, and what ran on it over after the longest session and another; without one nothing is', () => {
  const at = (awayMs: number, workerId: string | null = 'w') =>
    [isLost, isOver].map((is) => is({ awayMs: () => awayMs }, { workerId }));
  expect(at(60_000)).toEqual([false, false]);
  expect(at(60_001)).toEqual([true, false]);
  expect(at(4 * 3_600_000 + 60_000)).toEqual([true, false]);
  expect(at(4 * 3_600_000 + 60_001)).toEqual([true, true]);
  expect(at(5 * 3_600_000, null)).toEqual([false, false]);
});

describe.each(scratchDatabases)('places on a machine that is away, on $name', (database) => {
  let world: PoolWorld;
  beforeEach(async () => {
    world = await openPoolWorld(database);
  });
  afterEach(() => world.close());

  async function counts() {
    const slots = await world.slots();
    const of = (spare: boolean, quarantined: boolean) =>
      slots.filter((slot) => slot.spare === spare && (slot.state === 'quarantined') === quarantined).length;
    return { places: of(false, false), lost: of(false, true), setAside: of(true, true), spare: of(true, false) };
  }

  test('all of them are given to others, and are no more once every session there must be over', async () => {
    await world.deploy({ minAgents: 4, maxAgents: 4 });
    await until(async () => expect((await world.capacity()).idle).toBe(4));
    const before = [...world.worker.instances.keys()];
    world.worker.disconnect();
    await until(() => expect(world.server.workers.here()).toEqual([]));
    const away = vi.spyOn(world.server.workers, 'awayMs');
    away.mockReturnValue(61_000);
    await until(async () => expect(await counts()).toMatchObject({ places: 4, lost: 0, setAside: 4 }));
    away.mockReturnValue(4 * 3_600_000 + 61_000);
    await until(async () => expect(await counts()).toEqual({ places: 4, lost: 0, setAside: 0, spare: 1 }));
    // Back after all: what it still runs serves nobody.
    away.mockRestore();
    await world.worker.connect();
    await until(() => {
      for (const instanceId of before) expect(world.worker.instances.has(instanceId)).toBe(false);
      expect(world.worker.instances.size).toBe(4);
    });
    await until(async () => expect((await world.capacity()).idle).toBe(4));
  });
});
