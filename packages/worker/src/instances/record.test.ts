import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { emptyRecord, openRecords, type Records } from './record.js';

let folder: string;
let records: Records;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pipecat-cloud-records-'));
  records = await openRecords(folder, pino({ enabled: false }));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const recordOf = (instanceId: string) =>
  emptyRecord({ instanceId, organizationId: 'o', agentId: 'a', agentName: 'bot', deploymentId: 'd' });
const files = () => readdir(join(folder, 'sessions'));

test('a record that was removed is not brought back by what is saved of it later', async () => {
  const record = recordOf('i');
  const saved = records.save(record);
  const removed = records.remove(record);
  const late = records.save(record);
  await Promise.all([saved, removed, late]);
  await records.save(record, { durable: true });
  expect(await files()).toEqual([]);
  // An instance of the same id that is made anew has a record of its own.
  await records.save(recordOf('i'));
  expect(await files()).toEqual(['i.json']);
});
