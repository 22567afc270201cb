import { expect, test } from 'vitest';
import { lineOf, lineSearch, logFilterOf, timeOf } from './log-search';

const now = Date.parse('2026-05-04T10:00:00.000Z');

test('the address becomes the query; what it can not mean is left out', () => {
  const search = {
    agent: 'echo',
    level: 'error,CRITICAL,loud',
    query: 'full',
    session: 's1',
    since: '2h',
    until: 'soon',
  };
  expect(logFilterOf(search, now)).toEqual({
    level: 'ERROR,CRITICAL',
    query: 'full',
    sessionId: 's1',
    startTime: now / 1000 - 7200,
  });
  expect(logFilterOf({}, now)).toEqual({});
});

test('a time is so long ago, or a date', () => {
  expect(timeOf('15m', now)).toBe(now / 1000 - 900);
  expect(timeOf('2026-05-04T09:00:00.000Z')).toBe(now / 1000 - 3600);
  expect(timeOf('15 apples')).toBeUndefined();
  expect(timeOf(undefined)).toBeUndefined();
});

test('a cursor comes back from an address as it was, also one that looks like a number', () => {
  for (const cursor of ['1.20', '1.1e5', 'a.0']) {
    const { line = '' } = lineSearch('echo', cursor);
    expect(() => JSON.parse(line)).toThrow();
    expect(lineOf({ line })).toBe(cursor);
  }
  expect(lineOf({ line: '../../x' })).toBeUndefined();
});
