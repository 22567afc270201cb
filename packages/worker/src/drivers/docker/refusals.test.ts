import { expect, test } from 'vitest';
import { EngineTimeout, EngineUnreachable } from '../../engine/engine-error.js';
import { DriverUnavailable } from '../driver.js';
import { refusalOf } from './refusals.js';

const url = 'unix:///run/somebody/docker.sock';

test.each([
  [new EngineUnreachable(url, new Error('connect ECONNREFUSED /run/somebody/docker.sock')), "can't be reached"],
  [new EngineTimeout(url, 'POST /containers/secret-name/start', 1_000), 'did not answer in time'],
])('teams are told that the engine is away, and not where it lies: %s', (error, what) => {
  const refusal = refusalOf(error) as DriverUnavailable;
  expect(refusal).toBeInstanceOf(DriverUnavailable);
  expect(refusal.message).toContain(what);
  expect(refusal.message).not.toMatch(/docker\.sock|secret-name/);
  // For the log.
  expect(refusal.cause).toBe(error);
});
