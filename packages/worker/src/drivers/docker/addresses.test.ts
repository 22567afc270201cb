import { beforeEach, expect, test } from 'vitest';
import { EngineTimeout } from '../../engine/engine-error.js';
import type { DriverInstance } from '../driver.js';
import { createAddresses } from './addresses.js';

let isRunning: boolean;
let isAway: boolean;
let starting: Promise<void>;
let addresses: ReturnType<typeof createAddresses>;
const look = async () => [{ instanceId: 'i', state: 'running' } as DriverInstance];

beforeEach(() => {
  isRunning = true;
  isAway = false;
  starting = Promise.resolve();
  addresses = createAddresses({
    nameOf: (id) => id,
    containers: {
      async inspect() {
        if (isAway) throw new EngineTimeout('unix:///engine', 'GET /containers/i/json', 2_000);
        return { State: { Running: isRunning } } as never;
      },
      start: () => starting,
    },
  });
});

test('the engine says whether it runs', async () => {
  expect(await addresses.runs('i')).toBe(true);
  isRunning = false;
  expect(await addresses.runs('i')).toBe(false);
});

test('an engine that is away has given its address to nobody while nothing was started since it was seen', async () => {
  isAway = true;
  expect(await addresses.runs('i')).toBe(false);
  await addresses.looked(look);
  expect(await addresses.runs('i')).toBe(true);
  await addresses.start('another');
  expect(await addresses.runs('i')).toBe(false);
  await addresses.looked(look);
  expect(await addresses.runs('i')).toBe(true);
  await addresses.looked(async () => []);
  expect(await addresses.runs('i')).toBe(false);
});

test('a start that was under way during the look may have been given it since', async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  starting = promise;
  const started = addresses.start('another');
  await addresses.looked(look);
  isAway = true;
  resolve();
  await started;
  expect(await addresses.runs('i')).toBe(false);
});
