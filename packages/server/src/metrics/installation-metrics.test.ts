import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import type { Store } from '../db/store.js';
import { DatabaseAway } from '../errors.js';
import { createInstallationReader } from '../installation/installation-reader.js';
import { addInstallationMetrics } from './installation-metrics.js';

test('while the database is away all that it knows has no series, and everything else is told', async () => {
  let away = true;
  async function ask<T>(answer: T): Promise<T> {
    if (away) throw new DatabaseAway(new Error('connect ECONNREFUSED'));
    return answer;
  }
  const store = {
    ping: () => ask(undefined),
    installation: {
      openSessions: () => ask(new Map([['active', 2]])),
      slots: () => ask(new Map([['ready', 3]])),
      workers: () => ask([{ id: 'w-1' }]),
      bytes: () => ask(4096),
    },
  } as unknown as Store;
  const register = new Registry();
  addInstallationMetrics(register, {
    reader: createInstallationReader({ store, dataDirectory: '/' }),
    workers: { about: () => [] },
    keeping: { size: () => ({ bytes: 7 }) } as never,
    followers: { count: () => 0 },
  });
  const told = async () => {
    const text = await register.metrics();
    return new Set([...text.matchAll(/^pipecat_cloud_(\w+)/gm)].map(([, name]) => name));
  };
  const others = ['data_disk_bytes', 'data_disk_free_bytes', 'instances', 'log_bytes', 'log_followers'];
  const ofDatabase = ['database_bytes', 'database_latency_seconds', 'sessions_open', 'slots', 'workers'];

  expect([...(await told())].sort()).toEqual(others);
  away = false;
  expect([...(await told())].sort()).toEqual([...others, ...ofDatabase].sort());
  expect(await register.metrics()).toContain('pipecat_cloud_slots{state="ready"} 3');
  away = true;
  expect([...(await told())].sort()).toEqual(others);
});
