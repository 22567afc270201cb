import { expect, test } from 'vitest';
import { secondsUntilPlace } from './retry-after.js';

test.each([
  ['an instance is leaving', { leaving: 1, open: 9, meanSeconds: 600 }, 2],
  ['ten sessions of ten minutes', { leaving: 0, open: 10, meanSeconds: 600 }, 60],
  ['one session of an hour', { leaving: 0, open: 1, meanSeconds: 3600 }, 300],
  ['fifty of a second', { leaving: 0, open: 50, meanSeconds: 1 }, 1],
  ['nothing known', { leaving: 0, open: 3, meanSeconds: undefined }, 5],
] as const)('a place is likely to be free: %s', (_, of, seconds) => {
  expect(secondsUntilPlace(of)).toBe(seconds);
});
