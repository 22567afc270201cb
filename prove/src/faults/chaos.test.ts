import { expect, test } from 'vitest';
import type { Market } from '../load/market.js';
import { createRandom } from '../random.js';
import { createTally } from '../tally.js';
import type { World } from '../world/world.js';
import { type ChaosOptions, walkFailpoints } from './chaos.js';

/** An installation of which a process dies at whatever is armed, or none ever does, and whose pools are full. */
function options({ passes, taken = [] }: { passes: boolean; taken?: number[] }): ChaosOptions & { stop: () => void } {
  const stopped = new AbortController();
  let starts = 0;
  const world: Partial<World> = {
    arm: () => void starts++,
    armed: () => !passes,
    disarm: () => !passes,
    starts: () => (passes ? starts++ : 0),
    areReady: () => true,
    isServed: async () => true,
    recorder: { events: () => [], take: () => undefined, record: () => undefined } as unknown as World['recorder'],
  };
  const caller = {
    statusOf: async () => 503,
    start: async () => undefined,
    tenant: { client: { updateService() {} } },
  };
  const market: Partial<Market> = {
    shops: [{ caller, agent: 'barista' }] as unknown as Market['shops'],
    watcher: { untold: () => (passes ? 0 : 1) } as Market['watcher'],
    withTaken: async (work) => {
      await work();
      return taken.shift() ?? 1;
    },
  };
  return {
    world: world as World,
    market: market as Market,
    random: createRandom('walk'),
    signal: stopped.signal,
    stopped: stopped.signal,
    tally: createTally(),
    say: () => undefined,
    only: [],
    stop: () => stopped.abort(),
  };
}

test('a failpoint after which nobody was given an idle instance counts as not tried', async () => {
  const untried = await walkFailpoints(options({ passes: true, taken: [1, 0, 1] }));
  expect(untried).toHaveLength(1);
  expect(untried[0]).toMatch(/^After the crash at .* nobody was given an idle instance/);
});

test('whoever ends the run does not wait for a process to come by, which says nothing of the failpoint', async () => {
  const walk = options({ passes: false });
  const walking = walkFailpoints(walk);
  walk.stop();
  expect(await walking).toEqual([]);
});

test('nor for pools and ends', async () => {
  const walk = options({ passes: true });
  let asked = 0;
  walk.market.watcher.untold = () => ++asked;
  const walking = walkFailpoints({ ...walk, tally: { ...walk.tally, add: () => void walk.stop() } });
  expect(await walking).toEqual([]);
  expect(asked).toBe(0);
});
