import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { noDemand, rateAt, startSecondsP95, withArrival, withStart } from './demand.js';
import { idleTarget, type TargetInputs } from './target.js';
import { createTokenBucket } from './token-bucket.js';

const inputs = (change: Partial<TargetInputs>): TargetInputs => ({
  ...{ minAgents: 0, maxAgents: 50, busy: 0, active: 0, arrivalsPerSecond: 0, startSecondsP95: null },
  ...change,
});

describe('the idle target', () => {
  test.each([
    ['nothing', {}, 0, 'none', 'No idle instance is kept'],
    ['a minimum', { minAgents: 3 }, 3, 'minimum', 'min_agents is 3'],
    ['arrivals', { minAgents: 1, arrivalsPerSecond: 2, startSecondsP95: 4 }, 12, 'arrivals', '2 starts a second'],
    ['arrivals before any was measured', { arrivalsPerSecond: 0.2 }, 3, 'arrivals', '10 s to start (presumed)'],
    ['one lone start', { arrivalsPerSecond: 0.03, startSecondsP95: 2 }, 0, 'none', 'too few'],
    ['sessions', { active: 20, busy: 20 }, 4, 'active', '20 sessions are active'],
    ['the places left', { minAgents: 9, maxAgents: 10, busy: 7 }, 3, 'limit', '7 of 10 places are taken'],
  ] as const)('follows from %s', (_, change, target, reason, why) => {
    expect(idleTarget(inputs(change))).toMatchObject({ target, reason, why: expect.stringContaining(why) });
  });

  test('is never below the minimum while there is room, never above the places left, and grows with each input', () => {
    const any = fc.record({
      minAgents: fc.nat(50),
      maxAgents: fc.integer({ min: 1, max: 50 }),
      busy: fc.nat(60),
      active: fc.nat(60),
      arrivalsPerSecond: fc.double({ min: 0, max: 100, noNaN: true }),
      startSecondsP95: fc.option(fc.double({ min: 0, max: 300, noNaN: true })),
    });
    fc.assert(
      fc.property(any, fc.constantFrom('minAgents', 'active', 'arrivalsPerSecond'), (of, member) => {
        const free = Math.max(0, of.maxAgents - of.busy);
        const { target } = idleTarget(of);
        expect(target).toBeLessThanOrEqual(free);
        expect(target).toBeGreaterThanOrEqual(Math.min(of.minAgents, free));
        expect(idleTarget({ ...of, [member]: of[member] + 1 }).target).toBeGreaterThanOrEqual(target);
      }),
    );
  });
});

describe('demand', () => {
  test('a steady pace is measured, and half of it is forgotten in twenty seconds', () => {
    let demand = noDemand(0);
    for (let at = 0; at <= 300_000; at += 500) demand = withArrival(demand, at);
    expect(rateAt(demand, 300_000)).toBeGreaterThan(1.8);
    expect(rateAt(demand, 300_000)).toBeLessThan(2.2);
    expect(rateAt(demand, 320_000)).toBeCloseTo(rateAt(demand, 300_000) / 2);
  });
  test('a clock that was set back adds nothing', () => {
    const demand = withArrival(noDemand(1_000), 1_000);
    expect(rateAt(demand, -3_600_000)).toBe(demand.rate);
  });
  test('the time that 95 of 100 starts take, of the last fifty', () => {
    expect(startSecondsP95(noDemand(0))).toBeNull();
    let demand = noDemand(0);
    for (let n = 0; n < 50; n++) demand = withStart(demand, 90_000);
    for (let n = 1; n <= 50; n++) demand = withStart(demand, n * 100);
    expect(startSecondsP95(demand)).toBe(4.8);
  });
});

test('a bucket gives its burst at once and then as time gives', () => {
  const bucket = createTokenBucket({ burst: 3, perSecond: 2 });
  const taken = (nowMs: number) => [1, 2, 3, 4].filter(() => bucket.take('a', nowMs)).length;
  expect(taken(0)).toBe(3);
  expect(taken(400)).toBe(0);
  expect(taken(1_000)).toBe(2);
  expect(bucket.take('b', 0)).toBe(true);
  bucket.sweep(60_000);
  expect(taken(60_000)).toBe(3);
});
