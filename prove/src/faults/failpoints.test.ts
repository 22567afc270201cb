import { expect, test } from 'vitest';
import { createRandom } from '../random.js';
import type { World } from '../world/world.js';
import { createStrike } from './chaos.js';
import { failpointFaults, meet } from './failpoints.js';

test('a process that another fault started again meanwhile is not taken for the one that came by', async () => {
  let [starts, isArmed] = [1, true];
  let [looks, looksAtStarts] = [0, 0];
  const recorded: string[] = [];
  const world: Partial<World> = {
    arm: () => undefined,
    armed: () => {
      // Another fault has it started again while nobody has come by.
      if (++looks === 2) starts++;
      if (looks === 4) isArmed = false;
      return isArmed;
    },
    disarm: () => isArmed,
    starts: () => {
      looksAtStarts++;
      return starts;
    },
    // Its end is not seen yet.
    areReady: () => true,
    isServed: async () => true,
    recorder: {
      take: () => undefined,
      record: ({ type }: { type: string }) => void recorded.push(`${type} at start ${starts}`),
    } as unknown as World['recorder'],
  };
  const never = new AbortController().signal;
  const meeting = meet(world as World, 'end.noted', 'kill', { deadlineMs: 60_000, signal: never });
  await expect.poll(() => isArmed, { timeout: 60_000 }).toBe(false);
  const before = looksAtStarts;
  await expect.poll(() => looksAtStarts > before + 2 || recorded.length > 0, { timeout: 60_000 }).toBe(true);
  expect(recorded).toEqual([]);
  starts++;
  expect(await meeting).toBe(true);
  expect(recorded).toEqual(['fault-over at start 3']);
});

test('two faults at once are at different failpoints', async () => {
  const faults = failpointFaults.filter(({ name }) => name.endsWith(' at end.noted') || name === 'late at claim.taken');
  const gate = Promise.withResolvers<void>();
  const [made, over]: [string[], string[]] = [[], []];
  const strike = createStrike(faults, async ({ name }) => {
    made.push(name);
    await gate.promise;
    over.push(name);
  });
  const random = createRandom('two at once');
  const striking = Array.from({ length: 20 }, () => strike(random));
  expect(made.map((name) => name.split(' at ')[1]).sort()).toEqual(['claim.taken', 'end.noted']);
  gate.resolve();
  await Promise.all(striking);
  expect(over).toHaveLength(2);
  await strike(random);
  expect(made).toHaveLength(3);
});
