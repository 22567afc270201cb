import { expect, test } from 'vitest';
import { lengthsByPeriod, periodOf } from './spend-period.js';

const at = (text: string) => new Date(text);

test('a month begins at its first moment in UTC and ends before that of the next', () => {
  expect(periodOf(at('2026-12-31T23:59:59.999Z'))).toEqual({
    ...{ name: '2026-12', start: at('2026-12-01T00:00:00.000Z'), end: at('2027-01-01T00:00:00.000Z') },
  });
  expect(periodOf(at('2026-02-01T00:00:00.000Z')).name).toBe('2026-02');
});

test('what goes over the end of a month counts in both', () => {
  expect(lengthsByPeriod(at('2026-01-31T23:59:00.000Z'), at('2026-02-01T00:02:00.000Z'))).toEqual([
    { period: '2026-01', milliseconds: 60_000 },
    { period: '2026-02', milliseconds: 120_000 },
  ]);
});

test('what ended before it began lasted no time', () => {
  expect(lengthsByPeriod(at('2026-01-02T00:00:00.000Z'), at('2026-01-01T00:00:00.000Z'))).toEqual([]);
});
