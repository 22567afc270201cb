import { expect, test } from 'vitest';
import { ago, count, duration } from './format';

const now = new Date('2026-05-04T10:00:00.000Z');
const at = (seconds: number) => new Date(now.getTime() + seconds * 1000).toISOString();

test.each([
  [-5, 'just now'],
  [5, 'in a moment'],
  [-60, '1 minute ago'],
  [-7_100, '2 hours ago'],
  [-86_400, 'yesterday'],
  [7 * 86_400 - 30, 'in 7 days'],
  [45 * 86_400, 'in 45 days'],
  [90 * 86_400, 'in 3 months'],
  [-800 * 86_400, '2 years ago'],
])('%d seconds from now is %s', (seconds, words) => {
  expect(ago(at(seconds), now)).toBe(words);
});

test.each([
  [-1, '0 s'],
  [45, '45 s'],
  [185, '3 min 5 s'],
  [180, '3 min'],
  [4_800, '1 h 20 min'],
  [7_200, '2 h'],
])('%d seconds last %s', (seconds, words) => {
  expect(duration(now.toISOString(), at(seconds))).toBe(words);
});

test('one is not many', () => {
  expect([count(0, 'agent'), count(1, 'agent'), count(2, 'agent')]).toEqual(['0 agents', '1 agent', '2 agents']);
});
