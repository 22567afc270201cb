import { expect, onTestFinished, test, vi } from 'vitest';
import { createPeriodic } from './periodic.js';

function open(run: () => Promise<void>, intervalMs = 3_600_000) {
  const errors: unknown[] = [];
  return { errors, periodic: createPeriodic({ run, intervalMs, onError: (error) => errors.push(error) }) };
}

test('nudges during a run cause one more, and never two at a time', async () => {
  let runs = 0;
  let atOnce = 0;
  const release: (() => void)[] = [];
  const { periodic } = open(async () => {
    runs++;
    expect(++atOnce).toBe(1);
    await new Promise<void>((resolve) => release.push(resolve));
    atOnce--;
  });
  periodic.nudge();
  periodic.nudge();
  periodic.nudge();
  expect(runs).toBe(1);
  release.shift()?.();
  await vi.waitFor(() => expect(runs).toBe(2));
  release.shift()?.();
  await periodic.close();
  expect(runs).toBe(2);
});

test('runs at the start and then by itself, also after a failure', async () => {
  let runs = 0;
  const { periodic, errors } = open(async () => {
    runs++;
    if (runs === 1) throw new Error('first');
  }, 2);
  periodic.start();
  await vi.waitFor(() => expect(runs).toBeGreaterThan(3));
  expect(errors).toEqual([new Error('first')]);
  await periodic.close();
});

test('closing waits for the run under way and lets none follow', async () => {
  let runs = 0;
  let done = false;
  const { periodic } = open(async () => {
    runs++;
    await new Promise((resolve) => setImmediate(resolve));
    done = true;
  });
  periodic.nudge();
  periodic.nudge();
  await periodic.close();
  expect(done).toBe(true);
  periodic.nudge();
  periodic.start();
  expect(runs).toBe(1);
});

test('started after it was closed, it leaves no timer behind', async () => {
  const { periodic } = open(async () => {});
  await periodic.close();
  const timer = vi.spyOn(globalThis, 'setInterval');
  periodic.start();
  expect(timer).not.toHaveBeenCalled();
});

test('one that rests runs at once after a quiet time, but not again and again while it is nudged', async () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  onTestFinished(() => void vi.useRealTimers());
  let runs = 0;
  const busy = async () => {
    runs++;
    vi.advanceTimersByTime(20);
  };
  const periodic = createPeriodic({ run: busy, intervalMs: 3_600_000, onError: () => {}, rests: true });
  periodic.nudge();
  await periodic.idle();
  periodic.nudge();
  expect(runs).toBe(1);
  await periodic.idle();
  expect(runs).toBe(2);
  vi.advanceTimersByTime(60);
  periodic.nudge();
  expect(runs).toBe(3);
  periodic.nudge();
  await periodic.close();
  expect(runs).toBe(3);
});
