import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { watchForStall } from './stall-watch.js';

const quietMs = 1000;
const stampOf = (seconds: number) => `2026-01-31T12:00:0${seconds}.5Z`;

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function open() {
  const stalls = vi.fn();
  const newest = vi.fn<() => Promise<string | undefined>>().mockResolvedValue(stampOf(1));
  const watch = watchForStall({ quietMs, newest, taken: () => stampOf(1), onStall: stalls });
  return { stalls, newest, watch, quiet: () => vi.advanceTimersByTimeAsync(quietMs) };
}

test('an engine that has more than it sends has stalled', async () => {
  const { stalls, newest, quiet } = open();
  newest.mockResolvedValue(stampOf(2));
  await quiet();
  expect(stalls).toHaveBeenCalledOnce();
});

test('one that has no more has not, and is asked more and more seldom until it sends something', async () => {
  const { stalls, newest, watch, quiet } = open();
  // After 1, 2 and 4 seconds more.
  for (let i = 0; i < 7; i++) await quiet();
  expect(newest).toHaveBeenCalledTimes(3);
  newest.mockResolvedValue(undefined);
  watch.heard();
  await quiet();
  expect(newest).toHaveBeenCalledTimes(4);
  expect(stalls).not.toHaveBeenCalled();
  newest.mockResolvedValue(stampOf(2));
  await quiet();
  await quiet();
  expect(stalls).toHaveBeenCalledOnce();
});

test('one that does not answer, that sends meanwhile, or that is not listened to any more, has not stalled', async () => {
  const { stalls, newest, watch, quiet } = open();
  newest.mockRejectedValueOnce(new Error('away'));
  await quiet();
  newest.mockImplementationOnce(async () => {
    watch.heard();
    return stampOf(2);
  });
  await quiet();
  await quiet();
  newest.mockImplementationOnce(async () => {
    watch.close();
    return stampOf(2);
  });
  await quiet();
  expect(newest).toHaveBeenCalledTimes(3);
  for (let i = 0; i < 10; i++) await quiet();
  expect(newest).toHaveBeenCalledTimes(3);
  expect(stalls).not.toHaveBeenCalled();
});
