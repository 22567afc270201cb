import { afterEach, expect, test } from 'vitest';
import { type Starved, watchStarvation } from './starvation.js';

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

test('what is measured is of the time since the last measurement, and no more than that', async () => {
  const found: Starved[] = [];
  closing.push(watchStarvation((starved) => void found.push(starved)));
  await expect.poll(() => found.length).toBeGreaterThanOrEqual(2);
  const [first, second] = found as [Starved, Starved];
  expect(second.at - second.of).toBeCloseTo(first.at, 1);
  for (const { ms, of } of found) {
    expect(ms).toBeGreaterThanOrEqual(0);
    expect(ms).toBeLessThan(of);
  }
});
