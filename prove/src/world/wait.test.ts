import { expect, test } from 'vitest';
import { until } from './wait.js';

test('what never comes is waited for until the signal aborts', async () => {
  const stopped = new AbortController();
  const waiting = until('it comes', () => false, 3_600_000, stopped.signal);
  stopped.abort();
  await expect(waiting).rejects.toThrow('it comes: stopped');
});

test('what is there counts, stopped or not', async () => {
  expect(await until('it comes', () => 'here', 3_600_000, AbortSignal.abort())).toBe('here');
});
