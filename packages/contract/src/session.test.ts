import { inspect } from 'node:util';
import { afterEach, expect, test, vi } from 'vitest';
import { NetworkError } from './client.js';
import { AgentStartError, Session, type SessionParams } from './session.js';

afterEach(() => vi.unstubAllEnvs());

/** Answers once, and keeps what was asked. */
function server(status: number, body: unknown) {
  const asked: { url: string; init: RequestInit }[] = [];
  const send = (async (url, init) => {
    asked.push({ url: String(url), init: init ?? {} });
    return Response.json(body, { status });
  }) as typeof fetch;
  return { asked, fetch: send, apiHost: 'http://cloud.example' };
}

test('starts a session as the Python SDK does', async () => {
  const to = server(200, { sessionId: 's-1' });
  const session = new Session('my-agent', 'pk_1', { data: { caller: 'Dana' } }, to);
  expect(await session.start()).toEqual({ sessionId: 's-1' });
  const [{ url, init } = { url: '', init: {} }] = to.asked;
  expect([url, init.method]).toEqual(['http://cloud.example/v1/public/my-agent/start', 'POST']);
  expect(new Headers(init.headers).get('authorization')).toBe('Bearer pk_1');
  expect(JSON.parse(String(init.body))).toEqual({ createDailyRoom: false, body: { caller: 'Dana' } });
});

test.each<[SessionParams, unknown]>([
  [{}, { createDailyRoom: false }],
  [{ data: null }, { createDailyRoom: false }],
  [{ data: 0 }, { createDailyRoom: false, body: 0 }],
  [
    { useDaily: true, dailyRoomProperties: { exp: 1 } },
    { createDailyRoom: true, dailyRoomProperties: { exp: 1 } },
  ],
  // As there: properties of a room that nobody asked for are not sent.
  [{ dailyRoomProperties: { exp: 1 } }, { createDailyRoom: false }],
  [{ transport: 'webrtc' }, { createDailyRoom: false, transport: 'webrtc' }],
])('%j is sent as %j', async (params, body) => {
  const to = server(200, { sessionId: 's-1' });
  await new Session('my-agent', 'pk_1', params, to).start();
  expect(JSON.parse(String(to.asked[0]?.init.body))).toEqual(body);
});

test('a refusal has the code and the sentence of the server', async () => {
  const to = server(429, { error: 'at capacity', code: '429' });
  const error = await new Session('my-agent', 'pk_1', {}, to).start().catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(AgentStartError);
  expect(error).toMatchObject({ code: '429', status: 429, message: '429 - at capacity', name: 'AgentStartError' });
});

test('without a name nothing is made, without a key nothing is asked', async () => {
  expect(() => new Session('', 'pk_1')).toThrow(TypeError);
  const to = server(200, {});
  for (const key of [undefined, '']) {
    const error = await new Session('my-agent', key, {}, to).start().catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: 'AgentStartError', code: 'PCC-1002', status: undefined });
  }
  expect(to.asked).toEqual([]);
});

test('a server that is not there is no refusal', async () => {
  const fetch = () => Promise.reject(new TypeError('fetch failed'));
  await expect(new Session('my-agent', 'pk_1', {}, { fetch }).start()).rejects.toThrow(NetworkError);
});

test('the host comes from the environment, as everywhere', async () => {
  vi.stubEnv('PIPECAT_API_HOST', 'https://cloud.example/');
  const { asked, fetch } = server(200, { sessionId: 's-1' });
  await new Session('my-agent', 'pk_1', {}, { fetch }).start();
  expect(asked[0]?.url).toBe('https://cloud.example/v1/public/my-agent/start');
});

test('the key shows in no log', () => {
  const session = new Session('my-agent', 'pk_very-secret');
  expect(inspect(session, { depth: 9 }) + JSON.stringify(session)).not.toContain('very-secret');
});
