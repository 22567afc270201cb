import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Fastify, { type FastifyInstance } from 'fastify';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { handleError } from '../http/error-handler.js';
import { createFileLogStore } from './file-log-store.js';
import { logRoutes } from './log-routes.js';
import type { LogStore } from './log-store.js';

const agentId = '11111111-1111-4111-8111-111111111111';
let directory: string;
let logs: LogStore;
let app: FastifyInstance;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'logs-'));
  logs = createFileLogStore({ directory });
  app = Fastify();
  app.setErrorHandler(handleError);
  app.addHook('preHandler', async (request) => {
    const { org } = request.params as { org: string };
    request.organization = {
      id: `id of ${org}`,
      name: org,
      defaultRegion: 'us-west',
      role: 'owner',
      permissions: new Set(),
    };
  });
  await app.register(logRoutes, {
    logs,
    findAgentId: async (organizationId, name) =>
      organizationId === 'id of acme' && name === 'bot' ? agentId : undefined,
  });
  const times = [1, 2, 3].map((second) => `2026-05-04T10:00:0${second}.000Z`);
  await logs.append(
    { agentId, deploymentId: 'd-1', instanceId: 'i-1' },
    times.map((time, index) => ({
      position: index,
      time,
      text: `line ${index + 1}`,
      ...(index === 1 ? { sessionId: 's-1' } : {}),
    })),
  );
});
afterEach(async () => {
  await app.close();
  await logs.close();
  await rm(directory, { recursive: true, force: true });
});

async function get(query = '', path = 'acme/services/bot') {
  const answer = await app.inject(`/v1/organizations/${path}/logs${query}`);
  return { status: answer.statusCode, body: answer.json() };
}
const shown = async (query: string) => {
  const { body } = await get(query);
  return [body.logs.map(({ log }: { log: string }) => log), body.total.value];
};

test('gives the newest lines in the order in which they are read', async () => {
  expect(await get('?limit=2')).toEqual({
    status: 200,
    body: {
      logs: [
        { log: 'line 2', timestamp: '2026-05-04T10:00:02.000Z', deploymentId: 'd-1', sessionId: 's-1' },
        { log: 'line 3', timestamp: '2026-05-04T10:00:03.000Z', deploymentId: 'd-1' },
      ],
      total: { value: 3, relation: 'eq' },
    },
  });
});

test('every filter reaches the store', async () => {
  const at = Date.UTC(2026, 4, 4, 10, 0, 2) / 1000;
  expect(await shown('')).toEqual([['line 1', 'line 2', 'line 3'], 3]);
  expect(await shown('?order=desc')).toEqual([['line 3', 'line 2', 'line 1'], 3]);
  expect(await shown('?offset=1&limit=1')).toEqual([['line 2'], 3]);
  expect(await shown('?sessionId=s-1')).toEqual([['line 2'], 1]);
  expect(await shown('?deploymentId=d-2')).toEqual([[], 0]);
  expect(await shown('?query=LINE%203')).toEqual([['line 3'], 1]);
  expect(await shown(`?startTime=${at}`)).toEqual([['line 2', 'line 3'], 2]);
  expect(await shown(`?endTime=${at}`)).toEqual([['line 1', 'line 2'], 2]);
});

test("an unknown agent and another organization's are not found", async () => {
  expect(await get('', 'acme/services/none')).toMatchObject({ status: 404, body: { error: "Agent 'none' not found" } });
  expect(await get('', 'bolt/services/bot')).toMatchObject({ status: 404, body: { error: "Agent 'bot' not found" } });
});

test.each(['?startTime=1e300', '?endTime=-1e13', '?startTime=9e12', '?limit=0', '?limit=x', '?order=up'])(
  'refuses %s',
  async (query) => {
    expect((await get(query)).status).toBe(400);
  },
);
