import { expect, test } from 'vitest';
import type { Recorder } from '../world/recorder.js';
import type { Tenant } from '../world/tenants.js';
import { createCaller } from './caller.js';

test('a session is stopped again until it is told as ended', async () => {
  const states = ['active', 'active', 'ended'];
  let stops = 0;
  const client = {
    stopSession: async () => void stops++,
    getSession: async () => ({ state: states[stops - 1], endedAt: null, endReason: null }),
  };
  const tenant = { client, name: 'north' } as unknown as Tenant;
  const caller = createCaller(tenant, { record: () => undefined } as unknown as Recorder, () => undefined);
  await caller.end('porter', 's');
  expect(stops).toBe(3);
});
