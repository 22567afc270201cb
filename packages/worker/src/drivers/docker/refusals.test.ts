import { beforeEach, describe, expect, test } from 'vitest';
import { EngineTimeout, EngineUnreachable } from '../../engine/engine-error.js';
import { DriverError, DriverUnavailable } from '../driver.js';
import { createRefusals, refusalOf } from './refusals.js';

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

describe('an engine that does not answer for an instance', () => {
  const timeout = new EngineTimeout(url, 'POST /containers/create', 30_000);
  const broken = new EngineUnreachable(url, new Error('other side closed'));
  let isAnswering: boolean;
  let refusals: ReturnType<typeof createRefusals>;
  beforeEach(() => {
    isAnswering = true;
    refusals = createRefusals({ isAnswering: async () => isAnswering });
  });
  /** Of so many tries in a row. */
  async function of(instanceId: string, tries: number, error: Error = timeout): Promise<unknown[]> {
    const told: unknown[] = [];
    while (told.length < tries) told.push(await refusals.of(instanceId, error));
    return told;
  }
  const unavailable = expect.any(DriverUnavailable);
  const refused = expect.any(DriverError);

  test.each([
    [timeout, 'did not answer in time'],
    [broken, 'broke off'],
  ])('and answers otherwise has it refused after three tries in a row: %s', async (error, what) => {
    const told = await of('i-1', 3, error);
    expect(told).toEqual([unavailable, unavailable, refused]);
    expect((told[2] as Error).message).toMatch(new RegExp(`${what} 3 times .* while it answers otherwise`));
    expect((told[2] as Error).message).not.toMatch(/docker\.sock/);
    expect(await of('i-1', 1)).toEqual([unavailable]);
  });

  test('is tried again for as long as it is away, and from then on anew', async () => {
    await of('i-1', 2);
    isAnswering = false;
    expect(await of('i-1', 4)).toEqual(Array(4).fill(unavailable));
    isAnswering = true;
    expect(await of('i-1', 3)).toEqual([unavailable, unavailable, refused]);
  });

  test('has nothing against another one, nor against one that was made', async () => {
    await of('i-1', 2);
    expect(await of('i-2', 2)).toEqual([unavailable, unavailable]);
    refusals.forget('i-1');
    expect(await of('i-1', 2)).toEqual([unavailable, unavailable]);
  });
});
