import { describe, expect, test } from 'vitest';
import { check } from './check.js';
import { readHistory } from './history.js';
import { excusedPools } from './pools.js';
import { Story } from './testing.js';

const rulesOf = (told: Story) => [
  ...new Set(check(told.add(600, { type: 'lag', ms: 0 }).events).map(({ rule }) => rule)),
];
const begun = () => new Story().limit(3, 0, 200, 1);
const idle = (told: Story, name: string, from: number, to: number) =>
  told.boot(name, { at: from - 0.5 }).idle(name, from, to);

/** Idle instances that are each ended `every` seconds after the one before began, as somebody from outside does. */
function row(count: number, { told = begun(), every = 2, from = 1, byProver = true } = {}): Story {
  let at = from;
  for (let index = 1; index <= count; index++) {
    const name = `i${index} of ${from}`;
    idle(told, name, at, at + every);
    at += every;
    if (byProver) told.trouble('instance', at, at + 1, name);
    // What is waited for at the most, of which the product took none.
    at += index < count ? 2 : 0;
  }
  return told;
}
/** When the last of such a row is known to have ended. */
const knownBy = (count: number, { every = 2, from = 1 } = {}) => from + count * (every + 2) - 1;

describe('E6: after ends in a row an agent waits as long as docs/capacity.md says', () => {
  test.each([
    [1, 1],
    [2, 2],
    [3, 4],
    [5, 16],
    [6, 30],
    [9, 30],
  ])('%i ends: %i s', (count, waits) => {
    const back = (after: number) => idle(row(count), 'z', knownBy(count) + waits + after, 600);
    expect(rulesOf(back(11))).toEqual([]);
    expect(rulesOf(back(12))).toEqual(['E6']);
  });
  test('it is told how late the pool was', () => {
    const late = idle(row(5), 'z', knownBy(5) + 16, 600);
    expect(excusedPools(readHistory(late.events))).toEqual([4_500]);
    const inTime = idle(row(1), 'z', knownBy(1) + 5, 600);
    const breach = idle(row(1), 'z', knownBy(1) + 20, 600);
    for (const told of [inTime, breach]) expect(excusedPools(readHistory(told.events))).toEqual([]);
  });
  test('one that never comes back is a breach', () => {
    expect(rulesOf(row(6))).toEqual(['E6']);
  });

  const late = (told: Story, count = 5) => idle(told, 'z', knownBy(count) + 20, 600);
  test('what the product or the instance itself ended excuses nothing', () => {
    expect(rulesOf(late(row(5)))).toEqual([]);
    expect(rulesOf(late(row(5, { byProver: false })))).toEqual(['E6']);
    const told = row(5);
    for (let index = 1; index <= 4; index++)
      told.add(knownBy(index), { type: 'told', instance: `i${index} of 1`, session: null });
    expect(rulesOf(late(told))).toEqual(['E6']);
  });
  test('nor does the end of an instance with a session, or of one that lives on', () => {
    const busy = idle(begun(), 'a', 1, 2).asked('r-s1', 2.9).begun('s1', 'a', 3).answered('r-s1', 3.1, 200, 's1');
    busy.add(3.9, { type: 'beat', instance: 'a', session: 's1' }).trouble('instance', 4, 5, 'a');
    expect(rulesOf(idle(busy, 'z', 17, 600))).toContain('E6');
    const livesOn = row(5).idle('i5 of 1', knownBy(5) + 0.5, knownBy(5) + 1);
    expect(rulesOf(idle(livesOn, 'z', knownBy(5) + 22, 600))).toEqual(['E6']);
  });

  test('an instance that stayed, or a session that went well, ends the row', () => {
    const endsOnceMore = (told: Story, from: number) =>
      idle(row(1, { told, from }), 'z', knownBy(1, { from }) + 20, 600);
    const stays = (until: number) => {
      const told = row(4);
      told.boot('s', { at: 17 });
      for (let at = 17; at <= until; at++) told.add(at, { type: 'beat', instance: 's', session: null });
      return endsOnceMore(told, until + 1);
    };
    expect(rulesOf(stays(40))).toEqual([]);
    expect(rulesOf(stays(100))).toEqual(['E6']);

    const serves = (how: 'finished' | 'crashed') => {
      const told = idle(row(4), 's', 17, 18).asked('r-s1', 18).begun('s1', 's', 18).answered('r-s1', 18.2, 200, 's1');
      told.ended('s1', 's', 20, how).seen('s1', 20.3, 20, { reason: how === 'finished' ? 'completed' : 'crashed' });
      return endsOnceMore(idle(told, 't', 20, 35), 36);
    };
    expect(rulesOf(serves('finished'))).toContain('E6');
    expect(rulesOf(serves('crashed'))).not.toContain('E6');
  });

  test('where all ends, so does what was being made for a pool that is short, unless the product waited', () => {
    // The fifth was never heard of.
    const unheard = (at: number) => row(4).trouble('instance', at, at + 1);
    const known = (at: number) => at + 1;
    expect(rulesOf(idle(unheard(25), 'z', known(25) + 20, 600))).toEqual([]);
    expect(rulesOf(idle(unheard(18), 'z', known(18) + 20, 600))).toEqual(['E6']);
  });

  test('a pool that is short because of the one that was heard before is no second end', () => {
    const killed = (backAt: number) => {
      const told = idle(begun(), 'a', 1, 2.9).trouble('instance', 3, 4).trouble('instance', 3.1, 4, 'a');
      return idle(told, 'z', backAt, 600);
    };
    expect(rulesOf(killed(16))).toEqual([]);
    expect(rulesOf(killed(17))).toEqual(['E6']);
  });

  test('it holds after the last fault, too', () => {
    const pool = (told: Story, at: number, count: number) =>
      told.add(at, { type: 'pool', organization: 'north', agent: 'barista', idle: count, wanted: 1 });
    const quiet = (at: number) => pool(idle(row(5), 'z', at, 600).add(knownBy(5), { type: 'quiet' }), at, 1);
    expect(rulesOf(quiet(knownBy(5) + 27))).toEqual([]);
    expect(rulesOf(quiet(knownBy(5) + 28))).toEqual(['E6']);
  });
});
