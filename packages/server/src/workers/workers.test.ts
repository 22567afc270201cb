import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { createFakeWorker } from '../testing/fake-worker.js';
import { type Harness, harness } from '../testing/harness.js';

let server: Harness;
let url: string;
beforeEach(async () => {
  server = await harness();
  url = await server.http.listen({ port: 0, host: '127.0.0.1' });
  await server.enrolment.offer(server.config.workerEnrolmentFile);
});
afterEach(() => server.end());

/** Status of the answer to an upgrade that was refused; 101 where it was not. */
function upgrade(path: string, headers: Record<string, string> = {}): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url.replace('http', 'ws') + path, { headers });
    socket.once('open', () => {
      socket.terminate();
      resolve(101);
    });
    socket.once('unexpected-response', (request, response) => {
      request.destroy();
      resolve(response.statusCode ?? 0);
    });
    socket.on('error', reject);
  });
}

test('an enrolment token works once', async () => {
  const token = (await readFile(server.config.workerEnrolmentFile, 'utf8')).trim();
  const enrol = (value: string) => server.call(undefined, 'POST', '/v1/workers/enrol', { token: value, name: 'w' });
  expect((await enrol(token)).status).toBe(200);
  const again = await enrol(token);
  expect([again.status, again.body.reason]).toEqual([401, 'unknown_token']);
  expect((await enrol('we_0123')).status).toBe(401);
});

test('the channel takes a worker’s credential and nothing else', async () => {
  const worker = await createFakeWorker({ url, enrolmentFile: server.config.workerEnrolmentFile });
  worker.disconnect();
  expect(await upgrade('/v1/workers/channel')).toBe(401);
  const member = await (await server.organization('o')).member('owner');
  expect(await upgrade('/v1/workers/channel', { authorization: `Bearer ${member.token}` })).toBe(403);
});

test('an upgrade that is for nobody is refused', async () => {
  expect(await upgrade('/v1/users')).toBe(404);
  expect(await upgrade('/ws/nobody')).toBe(404);
});

test('a socket without a token of the agent is refused before the upgrade, and an unknown agent looks the same', async () => {
  expect(await upgrade('/ws/generic/bot.first')).toBe(403);
  expect(await upgrade('/ws/generic/bot.nowhere/e30.c2ln')).toBe(403);
});

test('log lines that can not be stored hold up nothing else, do not end the link, and are stored when they can be', async () => {
  const worker = await createFakeWorker({ url, enrolmentFile: server.config.workerEnrolmentFile });
  // A file where the folder of logs should be: an error for everybody, also for root.
  const folder = join(server.directory, 'logs');
  await rm(folder, { recursive: true, force: true });
  await writeFile(folder, '');
  const [agentId, sessionId] = [crypto.randomUUID(), crypto.randomUUID()];
  worker.report({
    ...{ type: 'logs', organizationId: 'o', agentId, deploymentId: 'd', instanceId: 'i' },
    lines: [{ position: 1, time: '2026-01-01T00:00:00.000Z', text: 'kept' }],
  });
  worker.report({ type: 'session-ended', sessionId, instanceId: 'i', epoch: 1, reason: 'completed', at: '' });
  await vi.waitFor(() => expect([...worker.unacknowledged.values()].map(({ type }) => type)).toEqual(['logs']));
  expect(worker.isConnected()).toBe(true);
  await rm(folder);
  await vi.waitFor(() => expect(worker.unacknowledged.size).toBe(0));
  expect(worker.isConnected()).toBe(true);
  expect(await readdir(join(folder, agentId))).toContain('00000001.jsonl');
  worker.disconnect();
});
