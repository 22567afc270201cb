import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { InstallationHealth, WorkerHealth } from '@pipecat-cloud/contract/installation';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { systemClock } from '../system.js';
import { scratchDatabases } from '../testing/databases.js';
import { createFakeWorker, type FakeWorker } from '../testing/fake-worker.js';
import { type Harness, harness } from '../testing/harness.js';
import { warningsOf } from './warnings.js';

const until = <T>(look: () => T | Promise<T>) => vi.waitFor(look, { timeout: 60_000, interval: 20 });
const path = '/v1/installation/health';

describe.each(scratchDatabases)('an installation on $name', ({ create }) => {
  let server: Harness;
  let worker: FakeWorker;
  let token: string;
  let drop: () => Promise<void>;
  beforeEach(async () => {
    const scratch = await create();
    drop = scratch.drop;
    server = await harness({ clock: systemClock, ...(scratch.url ? { databaseUrl: scratch.url } : {}) });
    const url = await server.http.listen({ port: 0, host: '127.0.0.1' });
    await server.enrolment.offer(server.config.workerEnrolmentFile);
    worker = await createFakeWorker({ url, enrolmentFile: server.config.workerEnrolmentFile });
    token = (await readFile(server.config.bootstrap.tokenFile, 'utf8')).trim();
  });
  afterEach(async () => {
    worker.disconnect();
    await server.end();
    await drop();
  });

  test('tells its owner how workers, database and disk are, and what to do about what is wrong', async () => {
    worker.send({
      type: 'status',
      status: {
        ...{ version: '9.9.9', node: '24', hostname: 'h', cpuCount: 2, memoryBytes: 4e9, memoryFreeBytes: 1e9 },
        ...{ diskFolder: '/images', diskBytes: 100e9, diskFreeBytes: 1e9, logLinesLeftOut: 0 },
        ...{ engine: { name: 'Podman', version: '4', networksMixed: true }, engineError: 'connection refused' },
      },
    });
    const health = await until(async () => {
      const { status, body } = await server.call(token, 'GET', path);
      expect(status).toBe(200);
      expect(body.workers[0]?.version).toBe('9.9.9');
      return body as InstallationHealth;
    });
    expect(health.database).toMatchObject({ kind: server.config.database.dialect, migrations: expect.any(Number) });
    expect(health.database.version).toMatch(/^\d+/);
    expect(health.database.bytes).toBeGreaterThan(1000);
    expect(health.disk.freeBytes).toBeGreaterThan(0);
    expect(health.workers).toMatchObject([
      { name: 'fake', connected: true, driver: 'fake', cpuCount: 2, region: null },
    ]);
    expect(health.warnings.map(({ code }) => code)).toEqual(
      expect.arrayContaining(['engine_down', 'networks_mixed', 'version_mismatch', 'worker_disk_low']),
    );
    expect(health.warnings.find(({ code }) => code === 'worker_disk_low')?.text).toContain('worker fake (/images)');
    for (const { hint } of health.warnings) expect(hint).not.toBe('');
    worker.disconnect();
    await until(async () =>
      expect((await server.call(token, 'GET', path)).body.warnings).toContainEqual(
        expect.objectContaining({ code: 'no_worker', severity: 'critical' }),
      ),
    );
  });

  const away = new Error('connect ECONNREFUSED 10.0.0.5:5432');

  test('says what is known without the database while it does not answer', async () => {
    await until(async () => expect((await server.call(token, 'GET', path)).body.workers[0]?.connected).toBe(true));
    const ping = vi.spyOn(server.store, 'ping').mockRejectedValue(away);
    const versions = vi.spyOn(server.store.installation, 'version');
    const { status, body } = await server.call(token, 'GET', path);
    expect(status).toBe(200);
    expect(body.database).toMatchObject({ latencyMs: null, error: away.message, version: null, migrations: null });
    expect(body.workers).toMatchObject([{ connected: true, driver: 'fake', lastSeenAt: null }]);
    expect(body.disk.freeBytes).toBeGreaterThan(0);
    expect(body.warnings).toContainEqual(
      expect.objectContaining({ code: 'database_down', text: expect.stringContaining(away.message) }),
    );
    // Each would wait as long again.
    expect(versions).not.toHaveBeenCalled();
    ping.mockRestore();
    const enrolled = vi.spyOn(server.store.installation, 'workers').mockRejectedValue(away);
    const half = (await server.call(token, 'GET', path)).body;
    expect(half.database).toMatchObject({ latencyMs: expect.any(Number), error: away.message });
    expect(half.workers).toHaveLength(1);
    enrolled.mockRestore();
    expect((await server.call(token, 'GET', path)).body.database.error).toBeNull();
  });

  test('refuses nobody for what the database does not say', async () => {
    const reading = vi.spyOn(server.store.organizations, 'listOfUser').mockRejectedValue(away);
    await server.store.changeAccess(async () => {});
    expect((await server.call(token, 'GET', path)).status).toBeGreaterThanOrEqual(500);
    reading.mockRestore();
    expect((await server.call(token, 'GET', path)).status).toBe(200);
  });

  test('tells nobody else', async () => {
    const ours = await server.organization('ours');
    const owner = await ours.member('owner');
    expect((await server.call(owner.token, 'GET', path)).status).toBe(403);
    const first = await server.store.organizations.findByName('first');
    const admin = await ours.member('admin');
    await server.store.organizations.addMember(first?.id ?? '', admin.userId, 'admin', systemClock.now());
    expect((await server.call(admin.token, 'GET', path)).status).toBe(403);
    expect((await server.call(undefined, 'GET', path)).status).toBe(401);
    const second = await ours.member('owner', { organizations: ['ours'] });
    await server.store.organizations.addMember(first?.id ?? '', second.userId, 'owner', systemClock.now());
    expect((await server.call(second.token, 'GET', path)).status).toBe(403);
    const third = await ours.member('viewer');
    await server.store.organizations.addMember(first?.id ?? '', third.userId, 'owner', systemClock.now());
    expect((await server.call(third.token, 'GET', path)).status).toBe(200);
  });

  test('gives its metrics to whoever has the token of the file, and to nobody else', async () => {
    const scrape = async (authorization?: string) => {
      const headers = authorization ? { authorization } : {};
      const answer = await server.http.inject({ url: '/metrics', headers });
      return { status: answer.statusCode, text: answer.body, type: answer.headers['content-type'] };
    };
    expect((await scrape()).status).toBe(401);
    expect((await scrape('Bearer x')).status).toBe(401);
    expect((await scrape(`Bearer ${token}`)).status).toBe(401);
    const secret = (await readFile(join(server.directory, 'metrics-token'), 'utf8')).trim();
    await until(async () => expect((await scrape(`Bearer ${secret}`)).text).toMatch(/workers\{state="connected"\} 1/));
    const { status, text, type } = await scrape(`Bearer ${secret}`);
    expect(status).toBe(200);
    expect(type).toContain('text/plain');
    for (const name of [
      'process_resident_memory_bytes',
      'pipecat_cloud_http_requests_total{api="open",status="4xx"}',
      'pipecat_cloud_slots{state="ready"} 0',
      'pipecat_cloud_sessions_open{state="active"} 0',
      'pipecat_cloud_database_bytes',
      'pipecat_cloud_data_disk_free_bytes',
      'pipecat_cloud_log_bytes 0',
    ])
      expect(text).toContain(name);
    // A label whose values grow with what is deployed has no bound.
    expect(text).not.toMatch(/(agent|organization|session)="/);
  });
});

describe('warnings', () => {
  const worker: WorkerHealth = {
    ...{
      id: 'w',
      name: 'w',
      region: null,
      organizationId: null,
      connected: true,
      lastSeenAt: '2026-05-04T10:00:00.000Z',
    },
    ...{
      driver: 'docker',
      architecture: 'amd64',
      version: '1',
      hostname: 'h',
      engine: null,
      engineError: null,
      networksMixed: false,
    },
    ...{
      cpuCount: 2,
      memoryBytes: 8e9,
      memoryFreeBytes: 4e9,
      diskFolder: '/var/lib/docker',
      diskBytes: 100e9,
      diskFreeBytes: 50e9,
    },
    ...{ instances: 0, sessions: 0 },
  };
  const well: Omit<InstallationHealth, 'warnings'> = {
    ...{ installationId: 'i', checkedAt: '2026-05-04T10:00:00.000Z', version: '1', node: '24', startedAt: '' },
    database: { kind: 'sqlite', version: '3', bytes: 1, latencyMs: 1, error: null, migrations: 9, lastMigration: 'x' },
    disk: { folder: '/data', bytes: 100e9, freeBytes: 50e9, logBytes: 5e9, uploadBytes: 0 },
    lastBackupAt: null,
    workers: [worker],
  };
  const codes = (change: Partial<typeof well>) => warningsOf({ ...well, ...change }).map(({ code }) => code);

  test('there is none while all is well', () => {
    expect(codes({})).toEqual([]);
    // Half a year away is taken down, not away.
    expect(
      codes({ workers: [worker, { ...worker, connected: false, lastSeenAt: '2025-10-04T10:00:00.000Z' }] }),
    ).toEqual([]);
    expect(codes({ disk: { ...well.disk, bytes: 10e9, freeBytes: 1.9e9 } })).toEqual([]);
  });

  test.each<[string, Partial<typeof well>]>([
    ['no_worker', { workers: [] }],
    ['worker_away', { workers: [worker, { ...worker, connected: false }] }],
    ['engine_down', { workers: [{ ...worker, engineError: 'no' }] }],
    ['networks_mixed', { workers: [{ ...worker, networksMixed: true }] }],
    ['version_mismatch', { workers: [{ ...worker, version: '2' }] }],
    ['worker_disk_low', { workers: [{ ...worker, diskFreeBytes: 1e9 }] }],
    ['data_disk_low', { disk: { ...well.disk, freeBytes: 1e9 } }],
    ['database_slow', { database: { ...well.database, latencyMs: 900 } }],
    ['database_down', { database: { ...well.database, latencyMs: null, error: 'refused' } }],
    ['database_down', { database: { ...well.database, error: 'one read failed' } }],
    ['backup_old', { lastBackupAt: '2026-04-04T10:00:00.000Z' }],
  ])('%s', (code, change) => {
    expect(codes(change)).toEqual([code]);
  });

  test('a worker of one organization runs no agents that could reach those of another', () => {
    const theirs = { ...worker, organizationId: 'o', region: 'theirs', networksMixed: true };
    expect(codes({ workers: [worker, theirs] })).toEqual([]);
  });

  test('a disk that is nearly full is critical, and says what logs have of it', () => {
    const [found] = warningsOf({ ...well, disk: { ...well.disk, freeBytes: 100e6 } });
    expect(found).toMatchObject({ severity: 'critical', hint: expect.stringContaining('PIPECAT_CLOUD_LOG_MAX_MB') });
  });
});
