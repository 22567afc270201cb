import { readFileSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { scratchDatabases } from '../testing/databases.js';
import { openRolloutWorld, type RolloutWorld, until } from '../testing/rollout-world.js';

const docs = new URL('../../../../docs/', import.meta.url);
const page = readFileSync(new URL('metrics.md', docs), 'utf8');
const [database] = scratchDatabases as [(typeof scratchDatabases)[number]];

interface Sample {
  name: string;
  labels: Record<string, string>;
  value: number;
}

/** What a table of the page says: of each name its labels, each with its values where they are told. */
function tableOf(heading: string): Map<string, Map<string, string[]>> {
  const rows = (page.split(`### ${heading}\n`)[1] ?? '').split(/\n#/)[0]?.match(/^\| `.*$/gm) ?? [];
  return new Map(
    rows.flatMap((row) => {
      const [, names = '', labels = ''] = row.split('|');
      const told = labels.matchAll(/`(\w+)`(?::([^;]*))?/g);
      const values = new Map(
        [...told].map(([, label = '', list = '']) => [label, list.split(',').flatMap((one) => one.trim() || [])]),
      );
      return [...names.matchAll(/`([^`]+)`/g)].map(([, name = '']) => [name, values] as const);
    }),
  );
}

function samplesOf(text: string): Sample[] {
  return [...text.matchAll(/^(\w+)(?:\{(.*)\})? (\S+)$/gm)].map(([, name = '', labels = '', value]) => ({
    name,
    labels: Object.fromEntries([...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, label, is]) => [label, is])),
    value: Number(value),
  }));
}

describe('what Prometheus reads of a control plane', () => {
  let world: RolloutWorld;
  let loki: Server;
  let lokiStatus: number;
  beforeEach(async () => {
    lokiStatus = 500;
    loki = createServer((request, response) => {
      request.resume().on('end', () => response.writeHead(lokiStatus).end());
    });
    await new Promise<void>((resolve) => loki.listen(0, '127.0.0.1', resolve));
    const { port } = loki.address() as AddressInfo;
    world = await openRolloutWorld(database, { PIPECAT_CLOUD_LOG_EXPORT_LOKI_URL: `http://127.0.0.1:${port}` });
  });
  afterEach(async () => {
    await world.close();
    loki.closeAllConnections();
    loki.close();
  });

  async function scrape(): Promise<string> {
    const token = (await readFile(join(world.server.directory, 'metrics-token'), 'utf8')).trim();
    const headers = { authorization: `Bearer ${token}` };
    return (await world.server.http.inject({ url: '/metrics', headers })).body;
  }
  const measured = async (name: string, labels: Record<string, string> = {}) =>
    samplesOf(await scrape()).find(
      (sample) => sample.name === name && Object.entries(labels).every(([label, is]) => sample.labels[label] === is),
    )?.value;
  const becomes = (value: unknown, name: string, labels?: Record<string, string>) =>
    until(async () => expect([name, labels, await measured(name, labels)]).toEqual([name, labels, value]));

  /** Lines of an instance, as its worker tells them. */
  async function print(...texts: string[]): Promise<void> {
    const { id: agentId } = await world.status();
    const lines = texts.map((text, index) => ({ position: index + 1, time: new Date().toISOString(), text }));
    const source = { organizationId: world.org.id, agentId, ...{ deploymentId: crypto.randomUUID() } };
    world.worker.report({ type: 'logs', ...source, instanceId: crypto.randomUUID(), lines });
  }

  test('has every name of the page, with its labels, and no other; and all that the examples ask for', async () => {
    await world.deploy('bot:1', { autoScaling: { minAgents: 1, maxAgents: 1 } });
    await world.ready();
    const started = await world.start();
    await world.start();
    await print('one');
    world.worker.endSession(started.body.sessionId, 'completed');
    await becomes(1, 'pipecat_cloud_session_ends_total');
    await until(async () => expect(await measured('pipecat_cloud_log_export_failures_total')).toBeGreaterThan(0));
    lokiStatus = 204;
    await becomes(1, 'pipecat_cloud_log_export_lines_total');

    const text = await scrape();
    const samples = samplesOf(text);
    const types = [...text.matchAll(/^# TYPE (\w+)/gm)].map(([, name = '']) => name);
    const table = tableOf('Control plane');
    expect(types.filter((name) => name.startsWith('pipecat_cloud_')).sort()).toEqual([...table.keys()].sort());
    for (const [name, labels] of table) {
      const own = samples.filter((sample) => sample.name.replace(/_(bucket|sum|count)$/, '') === name);
      expect([name, own.length]).not.toEqual([name, 0]);
      for (const sample of own) {
        const { le: _, ...found } = sample.labels;
        expect([name, Object.keys(found).sort()]).toEqual([name, [...labels.keys()].sort()]);
        for (const [label, is] of Object.entries(found)) {
          const told = labels.get(label)?.filter((one) => /^\w+$/.test(one)) ?? [];
          if (told.length > 0) expect([name, told]).toEqual([name, expect.arrayContaining([is])]);
        }
      }
      // A state in which nothing is has its series too, or an alert on it would never see it.
      const states = own.filter(({ labels: { state } }) => state !== undefined).map(({ labels: { state } }) => state);
      if (labels.has('state')) expect([name, states.sort()]).toEqual([name, labels.get('state')?.sort()]);
    }

    const everywhere = new Map([...table, ...tableOf('Worker')]);
    for (const file of ['alerts.yml', 'grafana.json']) {
      const asked = [...readFileSync(new URL(`metrics/${file}`, docs), 'utf8').matchAll(asksFor)];
      expect(asked.length).toBeGreaterThan(5);
      for (const [, name = '', selector = ''] of asked) {
        const labels = everywhere.get(name.replace(/_bucket$/, ''));
        expect([file, name, labels !== undefined]).toEqual([file, name, true]);
        for (const [, label = '', values = ''] of selector.matchAll(/(\w+)=~?\\?"([^"\\]*)/g))
          for (const value of values.split('|')) {
            const told = labels?.get(label) ?? [];
            expect([file, name, label, labels?.has(label)]).toEqual([file, name, label, true]);
            if (told.length > 0) expect([file, name, told]).toEqual([file, name, expect.arrayContaining([value])]);
          }
      }
    }
  });

  test('counts starts, ends and what they leave behind', async () => {
    await becomes(1, 'pipecat_cloud_workers', { state: 'connected' });
    await world.deploy('bot:1', { autoScaling: { minAgents: 1, maxAgents: 1 } });
    await world.ready();
    await becomes(1, 'pipecat_cloud_instances', { state: 'ready' });
    const refused = { api: 'account', status: '4xx' };
    const refusedBefore = (await measured('pipecat_cloud_http_requests_total', refused)) ?? 0;
    const started = await world.start();
    expect([started.status, (await world.start()).status]).toEqual([200, 429]);
    await becomes(1, 'pipecat_cloud_session_starts_total', { outcome: 'started' });
    await becomes(1, 'pipecat_cloud_session_starts_total', { outcome: 'at_capacity' });
    await becomes(1, 'pipecat_cloud_session_start_duration_seconds_count');
    await becomes(1, 'pipecat_cloud_sessions_open', { state: 'active' });
    await becomes(1, 'pipecat_cloud_slots', { state: 'claimed' });
    await becomes(1, 'pipecat_cloud_instances', { state: 'busy' });
    await becomes(refusedBefore + 1, 'pipecat_cloud_http_requests_total', refused);
    // Without the two starts, which wait for agents.
    const ofAccounts = async (wanted: string) =>
      samplesOf(await scrape())
        .filter(({ name, labels: { api } }) => name === wanted && api === 'account')
        .reduce((sum, { value }) => sum + value, 0);
    const timed = await ofAccounts('pipecat_cloud_http_request_duration_seconds_count');
    expect(timed).toBe((await ofAccounts('pipecat_cloud_http_requests_total')) - 2);

    world.worker.endSession(started.body.sessionId, 'bot_failed');
    await becomes(1, 'pipecat_cloud_session_ends_total', { reason: 'bot_failed' });
    await becomes(0, 'pipecat_cloud_sessions_open', { state: 'active' });
    world.worker.disconnect();
    await becomes(1, 'pipecat_cloud_workers', { state: 'away' });
    await until(async () => expect((await world.start()).status).toBe(503));
    await until(async () =>
      expect(await measured('pipecat_cloud_session_starts_total', { outcome: 'failed' })).toBeGreaterThan(0),
    );
  });

  test('counts log lines, those that could not be stored or exported, and who follows', async () => {
    await world.deploy('bot:1', { autoScaling: { minAgents: 0, maxAgents: 1 } });
    await world.ready();
    const { id } = await world.status();
    const folder = join(world.server.directory, 'logs', id);
    await mkdir(join(world.server.directory, 'logs'), { recursive: true });
    await writeFile(folder, 'in the way of the folder of its log');
    await print('one', 'two');
    await until(async () => expect(await measured('pipecat_cloud_log_append_failures_total')).toBeGreaterThan(0));
    expect(await measured('pipecat_cloud_log_lines_total')).toBe(0);
    await rm(folder);
    await becomes(2, 'pipecat_cloud_log_lines_total');
    await until(async () =>
      expect(await measured('pipecat_cloud_log_export_failures_total', { sink: 'loki' })).toBeGreaterThan(0),
    );
    lokiStatus = 204;
    await becomes(2, 'pipecat_cloud_log_export_lines_total', { sink: 'loki' });

    const gone = new AbortController();
    const address = world.server.http.server.address() as AddressInfo;
    const headers = { authorization: `Bearer ${world.admin.token}` };
    const path = `http://127.0.0.1:${address.port}/v1/organizations/ours/services/bot/logs/follow`;
    const followed = await fetch(path, { headers, signal: gone.signal });
    expect(followed.status).toBe(200);
    await becomes(1, 'pipecat_cloud_log_followers');
    gone.abort();
    await becomes(0, 'pipecat_cloud_log_followers');
  });
});

/** A metric in a query, and the labels that are asked for. */
const asksFor = /\b(pipecat_cloud_\w+)(?:\{([^}]*)\})?/g;
