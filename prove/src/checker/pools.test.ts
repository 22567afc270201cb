import { describe, expect, test } from 'vitest';
import { check } from './check.js';
import type { FaultKind } from './event.js';
import { Story } from './testing.js';

/** Time goes on, so that nothing is left open by the end of the record alone. */
const rulesOf = (told: Story) => [
  ...new Set(check(told.add(120, { type: 'lag', ms: 0 }).events).map(({ rule }) => rule)),
];
const story = () => new Story().limit(3).boot('a').boot('b');

describe('E6: each pool is at its target in bounded time', () => {
  const quiet = () => story().add(10, { type: 'quiet' });
  const pool = (told: Story, at: number, idle: number) =>
    told.add(at, { type: 'pool', organization: 'north', agent: 'barista', idle, wanted: 2 });
  test('at once, late, never, and no longer', () => {
    expect(rulesOf(pool(pool(quiet(), 11, 1), 12, 2))).toEqual([]);
    expect(rulesOf(pool(pool(quiet(), 11, 1), 25, 2))).toEqual(['E6']);
    expect(rulesOf(pool(quiet(), 11, 1))).toEqual(['E6']);
    expect(rulesOf(pool(pool(quiet(), 11, 2), 12, 1))).toEqual(['E6']);
  });
  test('late by no more than the machine kept the prover waiting too', () => {
    const busy = () => quiet().add(15, { type: 'lag', ms: 3_000 });
    expect(rulesOf(pool(busy(), 24, 2))).toEqual([]);
    expect(rulesOf(pool(busy(), 25, 2))).toEqual(['E6']);
    expect(rulesOf(pool(quiet().add(9, { type: 'lag', ms: 3_000 }), 24, 2))).toEqual(['E6']);
  });
});

describe('E6: under load, a pool that is below its target is back within ten seconds', () => {
  /** Two of three are to be idle, `a` lives all the time. */
  const pool = (sessions = 3) => new Story().limit(sessions, 0, 200, 2).boot('a').boot('b').idle('a', 1, 120);

  test('at once, late and never', () => {
    expect(rulesOf(pool().idle('b', 1, 120))).toEqual([]);
    expect(rulesOf(pool().idle('b', 1, 10).boot('c').idle('c', 18, 120))).toEqual([]);
    expect(rulesOf(pool().idle('b', 1, 10).boot('c').idle('c', 23, 120))).toEqual(['E6']);
    expect(rulesOf(pool().idle('b', 1, 10))).toEqual(['E6']);
  });
  test('one that is silent for a while and speaks again was there', () => {
    expect(rulesOf(pool().idle('b', 1, 10).idle('b', 40, 120))).toEqual([]);
  });
  test('one that says nothing after it has begun is none', () => {
    expect(rulesOf(pool().idle('b', 1, 10).boot('c', { at: 12 }))).toEqual(['E6']);
  });
  test('an agent that is being set up', () => {
    expect(rulesOf(pool().idle('b', 60, 120))).toEqual([]);
  });

  test.each<FaultKind>(['server', 'worker', 'link', 'database', 'disk', 'clock', 'restore', 'instance'])(
    'a fault of the %s: from its end the clock runs',
    (kind) => {
      const broken = (backAt: number) => pool().idle('b', 1, 10).trouble(kind, 9, 16).boot('c').idle('c', backAt, 120);
      expect(rulesOf(broken(27))).toEqual([]);
      expect(rulesOf(broken(28))).toEqual(['E6']);
    },
  );
  test('what was over before says nothing, and what comes later only where it comes in time', () => {
    const broken = (from: number, to: number) =>
      pool().idle('b', 1, 10).trouble('worker', 9, 16).trouble('server', from, to).boot('c').idle('c', 31, 120);
    expect(rulesOf(broken(3, 8))).toEqual(['E6']);
    expect(rulesOf(broken(25, 29))).toEqual([]);
    expect(rulesOf(broken(27, 29))).toEqual(['E6']);
  });
  test('late by no more than work that keeps a processor busy was kept waiting meanwhile', () => {
    // It had a fifth of each second all the while, so that ten seconds from 10 on count as two.
    const starved = (until: number, told = pool().idle('b', 1, 10)) => {
      for (let at = 4.5; at <= until; at++) told.add(at, { type: 'starved', ms: 800, of: 1_000 });
      return told;
    };
    const busy = (until: number, backAt: number) => starved(until).boot('c').idle('c', backAt, 120);
    expect(rulesOf(busy(13.5, 24))).toEqual([]);
    expect(rulesOf(busy(13.5, 25))).toEqual(['E6']);
    expect(rulesOf(busy(120, 29))).toEqual([]);
    // However busy, no longer than as long again.
    expect(rulesOf(busy(120, 30))).toEqual(['E6']);
    expect(rulesOf(starved(120))).toEqual(['E6']);
  });
  test('one time in which the machine served neither counts once', () => {
    const both = (backAt: number) =>
      pool()
        .idle('b', 1, 10)
        .add(15, { type: 'lag', ms: 3_000 })
        .add(15, { type: 'starved', ms: 3_000, of: 3_000 })
        .boot('c')
        .idle('c', backAt, 120);
    expect(rulesOf(both(24))).toEqual([]);
    expect(rulesOf(both(25))).toEqual(['E6']);
  });
  test('late by no more than the machine kept the prover waiting too', () => {
    const busy = (backAt: number) =>
      pool().idle('b', 1, 10).add(15, { type: 'lag', ms: 3_000 }).boot('c').idle('c', backAt, 120);
    expect(rulesOf(busy(24))).toEqual([]);
    expect(rulesOf(busy(25))).toEqual(['E6']);
  });

  test('places that sessions take can not be idle', () => {
    const talks = (sessions: number) => pool(sessions).idle('b', 1, 9).session('s1', 'b', 9, 60).idle('b', 60, 120);
    expect(rulesOf(talks(2))).toEqual([]);
    expect(rulesOf(talks(3))).toEqual(['E6']);
  });
  test('nor places that callers may have been given', () => {
    const waits = () => pool(2).idle('b', 1, 10).asked('r-s1', 9);
    expect(rulesOf(waits())).toEqual([]);
    expect(rulesOf(waits().answered('r-s1', 12, 503))).toEqual(['E6']);
  });
  test('who is refused again and again stands for nothing', () => {
    const told = pool(2).idle('b', 1, 10);
    for (let at = 9; at < 120; at += 3) told.asked(`r-${at}`, at).answered(`r-${at}`, at + 1, 429);
    expect(rulesOf(told)).toEqual(['E6']);
  });

  test('a limit holds from its answer on, and may hold where none came', () => {
    const both = () => pool().idle('b', 1, 120);
    expect(rulesOf(both().limit(3, 10, 200, 3))).toEqual(['E6']);
    expect(rulesOf(both().limit(3, 10, 200, 3).boot('c').idle('c', 15, 120))).toEqual([]);
    expect(rulesOf(both().limit(3, 10, 400, 3))).toEqual([]);
    expect(rulesOf(both().limit(3, 10, null, 3))).toEqual([]);
    expect(rulesOf(pool().idle('b', 1, 10).limit(3, 9, null, 1))).toEqual([]);
    expect(rulesOf(pool().idle('b', 1, 10).limit(3, 9, 400, 1))).toEqual(['E6']);
  });
  test('a limit that a restored backup may have forgotten may hold again', () => {
    const lowered = () => pool().limit(3, 5, 200, 1).limit(3, 8, 200, 2).idle('b', 1, 30);
    expect(rulesOf(lowered())).toEqual(['E6']);
    expect(rulesOf(lowered().trouble('restore', 7, 9))).toEqual([]);
  });

  test('agents are deleted when all is over', () => {
    expect(rulesOf(pool().idle('b', 1, 30).add(29, { type: 'quiet' }))).toEqual([]);
  });
});
