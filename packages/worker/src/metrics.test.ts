import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type Rig, startRig } from './test-rig/rig.js';

let rig: Rig;
beforeEach(async () => {
  rig = await startRig({
    timings: { statusMs: 50 },
    wrapDriver: (driver) => ({ ...driver, engine: async () => engine(), engineFolder: () => engineFolder }),
  });
  await rig.ready();
});
afterEach(async () => {
  engineFolder = undefined;
  await rig.close();
});

let engine: () => { name: string; version: string } = () => ({ name: 'Fake Engine', version: '1.2' });
let engineFolder: string | undefined;
const statuses = () => rig.control.messages.flatMap((message) => (message.type === 'status' ? [message.status] : []));
const dataUrl = () => rig.control.messages.flatMap((message) => (message.type === 'hello' ? [message.dataUrl] : []))[0];

test('the metrics are for whoever has the token of the file', async () => {
  const token = (await readFile(join(rig.workerDir, 'metrics-token'), 'utf8')).trim();
  expect(token.length).toBeGreaterThan(40);
  const scrape = (authorization?: string) =>
    fetch(`${dataUrl()}/metrics`, { headers: authorization ? { authorization } : {} });
  expect((await scrape()).status).toBe(401);
  expect((await scrape('Bearer no')).status).toBe(401);
  await rig.makeReady('i-1');
  rig.world.print('i-1', 'one\ntwo\n');
  await vi.waitFor(async () => {
    const response = await scrape(`Bearer ${token}`);
    expect(response.headers.get('content-type')).toContain('text/plain');
    const text = await response.text();
    expect(text).toContain('pipecat_cloud_worker_instances{state="ready"} 1');
    expect(text).toContain('pipecat_cloud_worker_connected 1');
    expect(text).toContain('pipecat_cloud_worker_log_lines_total 2');
    expect(text).toContain('process_resident_memory_bytes');
    expect(text).not.toContain('i-1');
  });
  expect((await fetch(`${dataUrl()}/metrics`, { method: 'POST' })).status).not.toBe(200);
});

test('the control plane is told what the machine is and has, and when its engine does not answer', async () => {
  await vi.waitFor(() => expect(statuses().at(-1)?.engine).toEqual({ name: 'Fake Engine', version: '1.2' }));
  expect(statuses().at(-1)).toMatchObject({
    version: expect.stringMatching(/^\d+\.\d+\.\d+/),
    cpuCount: expect.any(Number),
    diskFreeBytes: expect.any(Number),
    logLinesLeftOut: 0,
  });
  engine = () => {
    throw new Error('connect ENOENT /var/run/docker.sock');
  };
  await vi.waitFor(() => expect(statuses().at(-1)?.engineError).toContain('docker.sock'));
  expect(statuses().at(-1)?.engine).toBeUndefined();
});

test('the fuller one of the disks of worker and engine is told, and which it is', async () => {
  await vi.waitFor(() => expect(statuses().at(-1)?.diskFolder).toBe(rig.workerDir));
  // That has no room at all.
  engineFolder = '/proc';
  await vi.waitFor(() => expect(statuses().at(-1)).toMatchObject({ diskFolder: '/proc', diskFreeBytes: 0 }));
  // Another machine's, or closed to this user.
  engineFolder = '/proc/not-there';
  await vi.waitFor(() => expect(statuses().at(-1)?.diskFolder).toBe(rig.workerDir));
});
