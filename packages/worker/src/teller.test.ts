import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createTeller } from './teller.js';

const tell = vi.fn();
let teller: ReturnType<typeof createTeller>;
beforeEach(() => {
  vi.useFakeTimers();
  tell.mockReset();
  teller = createTeller({ observeMs: 5000, leastMs: 20, tell });
});
afterEach(() => {
  teller.close();
  vi.useRealTimers();
});

test('tells the changes of one tick once, at once', () => {
  vi.advanceTimersByTime(100);
  teller.changed();
  teller.changed();
  expect(tell).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(tell).toHaveBeenCalledTimes(1);
});

test('tells a stream of changes no more often than it may, and the last of them', () => {
  vi.advanceTimersByTime(100);
  for (let ms = 0; ms < 100; ms++) {
    teller.changed();
    vi.advanceTimersByTime(1);
  }
  vi.advanceTimersByTime(20);
  expect(tell.mock.calls.length).toBeGreaterThanOrEqual(5);
  expect(tell.mock.calls.length).toBeLessThanOrEqual(7);
});

test('tells without a change now and then, until it is closed', () => {
  vi.advanceTimersByTime(10_000);
  expect(tell).toHaveBeenCalledTimes(2);
  teller.changed();
  teller.close();
  vi.advanceTimersByTime(10_000);
  expect(tell).toHaveBeenCalledTimes(2);
});
