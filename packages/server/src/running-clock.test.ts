import { expect, test, vi } from 'vitest';
import { createRunningClock } from './running-clock.js';

test('a clock that goes while this process runs, and stands while it does not', async () => {
  const runningMs = createRunningClock({ tickMs: 5, longestMs: 20 });
  const began = runningMs();
  await vi.waitFor(() => expect(runningMs() - began).toBeGreaterThan(200), { interval: 5 });

  const before = runningMs();
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500);
  expect(runningMs() - before).toBeLessThanOrEqual(20);
});
