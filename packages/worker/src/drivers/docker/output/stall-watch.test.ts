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

test('one that has no more is asked once for each quiet time', async () => {
  const { stalls, newest, watch, quiet } = open();
  for (let i = 0; i < 5; i++) await quiet();
  expect(newest).toHaveBeenCalledOnce();
  watch.heard();
  await quiet();
  expect(newest).toHaveBeenCalledTimes(2);
  newest.mockResolvedValue(undefined);
  watch.heard();
  await quiet();
  expect(stalls).not.toHaveBeenCalled();
});

test('one that does not answer is asked again; one that sends meanwhile, or is not listened to any more, has not stalled', async () => {
  const { stalls, newest, watch, quiet } = open();
  newest.mockRejectedValueOnce(new Error('away'));
  await quiet();
  newest.mockImplementationOnce(async () => {
    watch.heard();
    return stampOf(2);
  });
  await quiet();
  newest.mockImplementationOnce(async () => {
    watch.close();
    return stampOf(2);
  });
  await quiet();
  expect(newest).toHaveBeenCalledTimes(3);
  await quiet();
  expect(newest).toHaveBeenCalledTimes(3);
  expect(stalls).not.toHaveBeenCalled();
});
