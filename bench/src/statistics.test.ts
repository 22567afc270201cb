import { describe, expect, test } from 'vitest';
import { percentile, spreadOf, turned } from './statistics.js';

describe('statistics', () => {
  test('the median of an even number of values lies between the middle two', () => {
    expect(spreadOf([4, 1, 3, 2])).toEqual({ median: 2.5, min: 1, max: 4, rounds: 4 });
  });

  test('values are ordered as numbers', () => {
    expect(percentile([10, 9, 100], 0.5)).toBe(10);
  });

  test('a percentile between two values is interpolated', () => {
    expect(percentile([0, 100], 0.99)).toBe(99);
  });

  test('no values have no median', () => {
    expect(() => spreadOf([])).toThrow('no values');
  });

  test('every contender comes first in its turn', () => {
    expect([0, 1, 2, 3].map((round) => turned(['a', 'b', 'c'], round).join(''))).toEqual(['abc', 'bca', 'cab', 'abc']);
  });
});
