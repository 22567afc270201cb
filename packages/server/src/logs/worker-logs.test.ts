import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Report } from '@pipecat-cloud/contract/worker';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createFakeClock } from '../testing/two-organizations.js';
import { createFileLogStore } from './file-log-store.js';
import type { LogStore } from './log-store.js';
import { createWorkerLogs } from './worker-logs.js';

const agentId = '11111111-1111-4111-8111-111111111111';
const report: Extract<Report, { type: 'logs' }> = {
  type: 'logs',
  organizationId: 'org-a',
  agentId,
  deploymentId: 'd-1',
  instanceId: 'i-1',
  lines: [
    { position: 5, time: '2026-05-04T12:00:00.000+02:00', text: 'one', sessionId: 's-1' },
    { position: 9, time: 'soon', text: 'two', level: 'ERROR', stream: 'stderr' },
  ],
};

let directory: string;
let logs: LogStore;
const errors: unknown[] = [];
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'logs-'));
  logs = createFileLogStore({ directory });
  errors.length = 0;
});
afterEach(async () => {
  await logs.close();
  await rm(directory, { recursive: true, force: true });
});

const open = () =>
  createWorkerLogs({
    logs,
    clock: createFakeClock('2026-05-04T11:00:00.000Z'),
    log: { error: (fields: unknown) => void errors.push(fields) },
  });

test('lines of a report are kept once, their times alike', async () => {
  const append = open();
  await append(report);
  await append(report);
  const { lines } = await logs.read({ agentId, limit: 10, offset: 0, order: 'asc' });
  const common = { deploymentId: 'd-1', instanceId: 'i-1', level: 'INFO', cursor: expect.any(String) };
  expect(lines).toEqual([
    { ...common, position: 5, time: '2026-05-04T10:00:00.000Z', text: 'one', sessionId: 's-1' },
    { ...common, position: 9, time: '2026-05-04T11:00:00.000Z', text: 'two', level: 'ERROR', stream: 'stderr' },
  ]);
});

test.each([
  ['2026-05-04T11:01:00.000Z', '2026-05-04T11:01:00.000Z'],
  ['2026-05-04T11:01:00.001Z', '2026-05-04T11:01:00.000Z'],
  ['2099-01-01T00:00:00.000Z', '2026-05-04T11:01:00.000Z'],
  ['+012026-05-04T10:00:00.000Z', '2026-05-04T11:01:00.000Z'],
  ['2026-99-99T99:99:99.999Z', '2026-05-04T11:00:00.000Z'],
  ['2026-02-30T10:00:00.000Z', '2026-03-02T10:00:00.000Z'],
])('a line of %s is kept as of %s', async (time, kept) => {
  await open()({ ...report, lines: [{ position: 1, time, text: 'one' }] });
  const { lines } = await logs.read({ agentId, limit: 10, offset: 0, order: 'asc' });
  expect(lines.map((line) => line.time)).toEqual([kept]);
});

test('a report that can never be stored is dropped with a line in our log', async () => {
  await open()({ ...report, agentId: '../../x' });
  expect(errors).toHaveLength(1);
});
