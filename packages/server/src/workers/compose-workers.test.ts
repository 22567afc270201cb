import { generateKeyPairSync } from 'node:crypto';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Config } from '../config/config.js';
import type { Keys } from '../config/keys.js';
import type { Store } from '../db/store.js';
import { systemClock, systemIds } from '../system.js';
import { scratchDatabases } from '../testing/databases.js';
import { openPostgresProxy } from '../testing/postgres-proxy.js';
import { composeWorkers } from './compose-workers.js';

const until = (look: () => void) => vi.waitFor(look, { timeout: 60_000, interval: 10 });
const postgres = scratchDatabases.find(({ name }) => name === 'PostgreSQL');

describe.skipIf(!postgres)('control planes on one PostgreSQL', () => {
  let url: string;
  let drop: () => Promise<void>;
  const closing: (() => Promise<unknown>)[] = [];
  beforeEach(async () => {
    if (!postgres) throw new Error('unreachable: skipped');
    const scratch = await postgres.create();
    ({ drop } = scratch);
    url = scratch.url ?? '';
  });
  afterEach(async () => {
    for (const close of closing.splice(0)) await close();
    await drop();
  });

  /** What it is told of who runs the agents. */
  async function controlPlane(at: string): Promise<string[]> {
    const told: string[] = [];
    const { lease } = composeWorkers({
      ...{ clock: systemClock, ids: systemIds, log: pino({ enabled: false }), installationId: 'i' },
      config: { database: { dialect: 'postgres', url: at } } as Config,
      keys: { hop: generateKeyPairSync('ed25519').privateKey } as Keys,
      store: {} as Store,
      applyReport: async () => undefined,
      ...{ onKeptBuilds() {}, onMissingBuild() {}, onChange() {}, onPresence() {}, runningMs: undefined },
      onLead: () => void told.push('lead'),
      onStandby: () => void told.push('standby'),
    });
    closing.unshift(() => lease.close());
    await lease.start();
    return told;
  }

  test('whoever has the lease again is told so: another may have had it while this one could not ask', async () => {
    const proxy = await openPostgresProxy(url);
    closing.push(() => proxy.close());
    const told = await controlPlane(proxy.url);
    await until(() => expect(told).toEqual(['lead']));
    proxy.cut();
    await until(() => expect(told.filter((what) => what === 'lead')).toHaveLength(2));
  });

  test('whoever asks while another has the lease is told that it stands by', async () => {
    expect(await controlPlane(url)).toEqual(['lead']);
    expect(await controlPlane(url)).toEqual(['standby']);
  });
});
