import { expect, test } from 'vitest';
import { nextOrder } from './next-order.js';

const order = (buildId: string) => ({ buildId, organizationId: buildId.slice(0, 1) });
const queue = ['a1', 'a2', 'b1', 'c1'].map(order);
const next = (running: string[], places: number, waiting = queue) =>
  nextOrder(waiting, running.map(order), places)?.buildId;

test('builds start in the order in which they came', () => {
  expect(next([], 1)).toBe('a1');
  expect(next(['a1'], 1)).toBeUndefined();
});

test('an organization with fewer under way comes first', () => {
  expect(next(['a1'], 4)).toBe('b1');
  expect(next(['a1', 'b1', 'c1'], 4)).toBe('a2');
});

test('of several places one is left to other organizations', () => {
  const own = [order('a1'), order('a2'), order('a3')];
  expect(next(['a1'], 2, own)).toBeUndefined();
  expect(next(['a1'], 3, own)).toBe('a2');
  expect(next(['a1', 'a2'], 3, own)).toBeUndefined();
  expect(next(['a1'], 2, [...own, order('b1')])).toBe('b1');
});
