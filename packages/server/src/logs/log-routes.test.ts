import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Fastify, { type FastifyInstance } from 'fastify';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { forbidden } from '../errors.js';
import { handleError } from '../http/error-handler.js';
import { createFileLogStore } from './file-log-store.js';
import { createLogFollowers } from './log-followers.js';
import { logRoutes } from './log-routes.js';
import type { LogStore } from './log-store.js';

const agentId = '11111111-1111-4111-8111-111111111111';
let directory: string;
let logs: LogStore;
let app: FastifyInstance;
let allowed: boolean;
let ended: boolean;
const followers = createLogFollowers({ all: 3, ofOrganization: 2 });

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'logs-'));
  logs = createFileLogStore({ directory });
  app = Fastify({ forceCloseConnections: true });
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
  allowed = true;
  ended = false;
  app.decorateRequest('recheck', async () => {
    if (!allowed) throw forbidden('missing_permission', 'no longer');
  });
  await app.register(logRoutes, {
    logs,
    followers,
    hasEnded: async (_organizationId, _agentId, sessionId) => (sessionId === 's-1' ? ended : undefined),
    timings: { tickMs: 5, heartbeatMs: 20, lingerMs: 30, stallMs: 300 },
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

const common = { deploymentId: 'd-1', instanceId: 'i-1', level: 'INFO', cursor: expect.any(String) };

test('gives the newest lines in the order in which they are read', async () => {
  expect(await get('?limit=2')).toEqual({
    status: 200,
    body: {
      logs: [
        { ...common, log: 'line 2', timestamp: '2026-05-04T10:00:02.000Z', sessionId: 's-1' },
        { ...common, log: 'line 3', timestamp: '2026-05-04T10:00:03.000Z' },
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

test('every line has a cursor to link to it and to page from', async () => {
  const [first, second] = (await get()).body.logs;
  expect(await shown(`?around=${second.cursor}&limit=1`)).toEqual([['line 2'], 1]);
  expect(await shown(`?after=${first.cursor}`)).toEqual([['line 2', 'line 3'], 2]);
  expect(await shown(`?before=${second.cursor}&order=desc`)).toEqual([['line 1'], 1]);
  expect(await shown(`?after=${first.cursor}&sessionId=s-1`)).toEqual([['line 2'], 1]);
});

test("an unknown agent and another organization's are not found", async () => {
  expect(await get('', 'acme/services/none')).toMatchObject({ status: 404, body: { error: "Agent 'none' not found" } });
  expect(await get('', 'bolt/services/bot')).toMatchObject({ status: 404, body: { error: "Agent 'bot' not found" } });
});

test.each([
  '?startTime=1e300',
  '?endTime=-1e13',
  '?startTime=9e12',
  '?limit=0',
  '?limit=x',
  '?order=up',
  '?after=x',
  '?after=1.1&before=1.1',
  '?after=1.1&offset=1',
  '?level=LOUD',
  '?level=',
])('refuses %s', async (query) => {
  expect((await get(query)).status).toBe(400);
});

describe('following', () => {
  const source = { agentId, deploymentId: 'd-1', instanceId: 'i-1' };
  const add = (position: number, more: object = {}) =>
    logs.append(source, [{ position, time: `2026-05-04T10:01:${position}.000Z`, text: `line ${position}`, ...more }]);

  /** A follower over a real connection; what it was sent so far, with the blocks of the stream taken apart. */
  async function follow(
    query = '',
    { headers = {}, org = 'acme' }: { headers?: Record<string, string>; org?: string } = {},
  ) {
    if (!app.server.listening) await app.listen({ port: 0, host: '127.0.0.1' });
    const { port } = app.server.address() as AddressInfo;
    const stop = new AbortController();
    const path = `/v1/organizations/${org}/services/bot/logs/follow${query}`;
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { headers, signal: stop.signal });
    const seen = { text: '', over: false };
    const reading = (async () => {
      const decoder = new TextDecoder();
      for await (const piece of response.body as ReadableStream<Uint8Array>) seen.text += decoder.decode(piece);
      seen.over = true;
    })();
    reading.catch(() => undefined);
    const blocks = () =>
      seen.text
        .split('\n\n')
        .slice(0, -1)
        .map((block) => Object.fromEntries(block.split('\n').map((line) => line.split(/: (.*)/).slice(0, 2))));
    return {
      status: response.status,
      headers: response.headers,
      seen,
      blocks,
      lines: () => blocks().flatMap(({ data, event }) => (data && !event ? [JSON.parse(data).log as string] : [])),
      stop: () => stop.abort(),
    };
  }
  const until = (look: () => void) => vi.waitFor(look, { interval: 5 });

  test('sends lines as they come, each with its cursor as id, and those from before that were asked for', async () => {
    const follower = await follow('?tail=1');
    expect(follower.status).toBe(200);
    expect(follower.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    expect(follower.headers.get('cache-control')).toBe('no-store');
    await until(() => expect(follower.lines()).toEqual(['line 3']));
    await add(10, { level: 'ERROR', stream: 'stderr' });
    await until(() => expect(follower.lines()).toEqual(['line 3', 'line 10']));
    const last = follower.blocks().findLast(({ data }) => data);
    expect(JSON.parse(last?.data ?? '')).toMatchObject({ level: 'ERROR', stream: 'stderr', cursor: last?.id });
    follower.stop();
    await until(() => expect(followers.count()).toBe(0));
  });

  test('goes on where a follower left off, and the header goes before the query', async () => {
    const [first, second] = (await get()).body.logs;
    const follower = await follow(`?after=${first.cursor}`, { headers: { 'last-event-id': second.cursor } });
    await until(() => expect(follower.lines()).toEqual(['line 3']));
    follower.stop();
    expect((await follow('?after=no')).status).toBe(400);
    expect((await follow('', { headers: { 'last-event-id': 'no' } })).status).toBe(400);
  });

  test('filters, and moves the place of a reader on whom nothing falls', async () => {
    const follower = await follow('?level=ERROR,CRITICAL&query=LINE');
    await add(10);
    const id = (await get()).body.logs.at(-1).cursor;
    await until(() => expect(follower.blocks()).toContainEqual({ id }));
    await add(11, { level: 'ERROR' });
    await until(() => expect(follower.lines()).toEqual(['line 11']));
    follower.stop();
    const back = await follow(`?after=${id}`);
    await until(() => expect(back.lines()).toEqual(['line 11']));
    back.stop();
  });

  test('ends with the session that is followed, after its last lines', async () => {
    const follower = await follow('?sessionId=s-1&tail=10');
    await until(() => expect(follower.lines()).toEqual(['line 2']));
    // Written first: how long a busy disk takes is not what this is about.
    await add(10, { sessionId: 's-1' });
    ended = true;
    await until(() => expect(follower.seen.over).toBe(true));
    expect(follower.lines()).toEqual(['line 2', 'line 10']);
    expect(follower.blocks().at(-1)).toMatchObject({ event: 'end' });
    expect((await follow('?sessionId=s-9')).status).toBe(404);
  });

  test('nothing is sent any more to whoever lost the right to it, and a silent stream ends as well', async () => {
    const [silent, other] = [await follow(), await follow()];
    allowed = false;
    await add(10);
    await until(() => expect([silent.seen.over, other.seen.over]).toEqual([true, true]));
    expect([...silent.lines(), ...other.lines()]).toEqual([]);
    await until(() => expect(followers.count()).toBe(0));
  });

  test('so many at once and no more, and a place that is left is free again', async () => {
    const held = [await follow(), await follow()];
    const refused = await follow();
    expect(refused.status).toBe(429);
    expect(refused.headers.get('retry-after')).toBe('30');
    for (const one of held) one.stop();
    await until(() => expect(followers.count()).toBe(0));
    const again = await follow();
    expect(again.status).toBe(200);
    again.stop();
    expect((await follow('', { org: 'bolt' })).status).toBe(404);
    await until(() => expect(followers.count()).toBe(0));
  });

  test('a reader that takes nothing is let go', async () => {
    if (!app.server.listening) await app.listen({ port: 0, host: '127.0.0.1' });
    const { port } = app.server.address() as AddressInfo;
    const socket = connect(port, '127.0.0.1').pause();
    socket.on('error', () => undefined);
    socket.write('GET /v1/organizations/acme/services/bot/logs/follow HTTP/1.1\r\nHost: x\r\n\r\n');
    await until(() => expect(followers.count()).toBe(1));
    for (let position = 10; position < 40; position++)
      await logs.append(
        source,
        Array.from({ length: 20 }, (_, index) => ({
          position: position * 100 + index,
          time: '2026-05-04T10:02:00.000Z',
          text: 'x'.repeat(30_000),
        })),
      );
    await until(() => expect(followers.count()).toBe(0));
    socket.destroy();
  });
});
