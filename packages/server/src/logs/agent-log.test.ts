import { type FileHandle, mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type AgentLog, openAgentLog } from './agent-log.js';
import { readOn } from './log-follow.js';

let folder: string;
let log: AgentLog;
const openLog = () => openAgentLog({ folder, segmentBytes: 1000, limits: () => ({}), log: undefined });
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'log-'));
  log = await openLog();
});
afterEach(async () => {
  await log.close();
  await rm(folder, { recursive: true, force: true });
});

const source = { agentId: 'a-1', deploymentId: 'd-1', instanceId: 'i-1' };
const add = (position: number) =>
  log.append(source, [{ position, time: '2026-05-04T10:00:00.000Z', text: `line ${position}` }]);
const texts = async () => (await readOn(log, undefined))?.lines.map(({ text }) => text);

test('lines of a new file that its folder may not keep are not there, and are there once when they come again', async () => {
  const some = await open(folder);
  await some.close();
  // What is written itself is synced by `datasync`.
  const sync = vi.spyOn(Object.getPrototypeOf(some) as FileHandle, 'sync');
  sync.mockRejectedValueOnce(new Error('the folder could not be synced'));
  await expect(add(1)).rejects.toThrow('the folder could not be synced');
  expect([await texts(), log.bytes()]).toEqual([undefined, 0]);
  await add(1);
  await add(2);
  expect(await texts()).toEqual(['line 1', 'line 2']);
  log = await openLog();
  expect(await texts()).toEqual(['line 1', 'line 2']);
});
