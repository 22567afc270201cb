import { createServer, type IncomingHttpHeaders, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { systemClock } from '../system.js';
import { createFakeWorker, type FakeWorker } from '../testing/fake-worker.js';
import { type Harness, harness } from '../testing/harness.js';

interface Seen {
  method: string | undefined;
  url: string | undefined;
  headers: IncomingHttpHeaders;
  body: string;
}

let server: Harness;
let worker: FakeWorker;
let container: Server;
/** What the container was sent, and what it answers. */
let seen: Seen[];
let answer: RequestListener;
let url: string;
let key: string;
let token: string;

beforeEach(async () => {
  seen = [];
  answer = (_request, response) => response.end('{}');
  container = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    seen.push({ method: request.method, url: request.url, headers: request.headers, body });
    answer(request, response);
  }).listen(0, '127.0.0.1');
  server = await harness({ clock: systemClock, environment: { PIPECAT_CLOUD_ICE_SERVERS: 'stun:stun.example:3478' } });
  url = await server.http.listen({ port: 0, host: '127.0.0.1' });
  await server.enrolment.offer(server.config.workerEnrolmentFile);
  const dataUrl = `http://127.0.0.1:${(container.address() as AddressInfo).port}`;
  worker = await createFakeWorker({ url, enrolmentFile: server.config.workerEnrolmentFile, dataUrl });
  const admin = await (await server.organization('ours')).member('admin');
  token = admin.token;
  key = await publicKey('ours', token);
  await deploy('bot', 'token');
});
afterEach(async () => {
  worker.disconnect();
  await server.end();
  container.closeAllConnections();
  container.close();
});

async function publicKey(organization: string, of: string): Promise<string> {
  const keys = `/v1/organizations/${organization}/apiKeys`;
  return (await server.call(of, 'POST', keys, { name: 'browser', type: 'public' })).body.key;
}

async function deploy(name: string, websocketAuth: string): Promise<void> {
  const services = '/v1/organizations/ours/services';
  const order = { serviceName: name, image: 'example/bot:1', autoScaling: { maxAgents: 2 }, websocketAuth };
  expect((await server.call(token, 'POST', services, order)).status).toBe(200);
  await vi.waitFor(
    async () => expect((await server.call(token, 'GET', `${services}/${name}`)).body.body.ready).toBe(true),
    { timeout: 15_000, interval: 20 },
  );
}

/** As a browser of any page sends it. */
const send = (path: string, init: RequestInit = {}) =>
  fetch(`${url}/v1/public/${path}`, {
    method: 'POST',
    ...init,
    headers: {
      authorization: `Bearer ${key}`,
      'content-type': 'application/json',
      origin: 'https://app.example',
      ...init.headers,
    },
  });
const bodyOf = async (response: Response) => (await response.json()) as Record<string, string>;
const start = (body: unknown, agent = 'bot') => send(`${agent}/start`, { body: JSON.stringify(body) });

describe('start', () => {
  test.each([
    ['nothing', undefined],
    ['an empty text', ''],
    ['null', 'null'],
    ['{}', '{}'],
  ])('takes %s as no wish at all', async (_name, body) => {
    const started = await send('bot/start', body === undefined ? {} : { body });
    expect(started.status).toBe(200);
    expect(Object.keys(await bodyOf(started))).toEqual(['sessionId']);
    expect(worker.activations().at(-1)?.body).toEqual({});
  });

  test('ICE servers are there for whoever asks for them, and not where they would be in the way', async () => {
    const iceConfig = { iceServers: [{ urls: ['stun:stun.example:3478'] }] };
    const asked = await bodyOf(await start({ transport: 'webrtc', enableDefaultIceServers: true }));
    expect(asked).toEqual({ sessionId: expect.any(String), iceConfig });
    expect(worker.activations().at(-1)?.transport).toBe('webrtc');
    expect(await bodyOf(await start({ transport: 'webrtc' }))).toEqual({ sessionId: expect.any(String) });
    await deploy('other', 'token');
    const daily = await bodyOf(await start({ transport: 'daily', enableDefaultIceServers: true }, 'other'));
    expect(daily).toEqual({ sessionId: expect.any(String) });
    const socket = await bodyOf(await start({ transport: 'websocket', enableDefaultIceServers: true }));
    expect(Object.keys(socket).sort()).toEqual(['sessionId', 'token', 'wsUrl']);
  });

  test('a body has its limit, in bytes of its JSON: 4 KB for a socket, else 1 MB', async () => {
    // In quotes; the letter has two bytes.
    const text = (bytes: number) => 'ä'.repeat((bytes - 2) / 2);
    expect((await start({ transport: 'websocket', body: text(4096) })).status).toBe(200);
    expect((await start({ transport: 'webrtc', body: text(1024 * 1024) })).status).toBe(200);
    const activations = worker.activations().length;
    for (const [transport, bytes] of [
      ['websocket', 4098],
      ['webrtc', 1024 * 1024 + 2],
      [undefined, 1024 * 1024 + 2],
      ['webrtc', 3 * 1024 * 1024],
    ] as const) {
      const refused = await start({ transport, body: text(bytes) });
      expect(refused.status).toBe(413);
      expect(await bodyOf(refused)).toMatchObject({ code: '413', error: expect.any(String), info: expect.any(String) });
    }
    expect(worker.activations()).toHaveLength(activations);
  });

  test('a socket without a token takes no body, but nothing said is no body', async () => {
    await deploy('open', 'none');
    const plain = { wsUrl: 'ws://localhost:7400/ws/generic/open.ours', sessionId: expect.any(String) };
    for (const body of [undefined, null, {}]) {
      expect(await bodyOf(await start({ transport: 'websocket', body }, 'open'))).toEqual(plain);
    }
    const refused = await start({ transport: 'websocket', body: { caller: 'ann' } }, 'open');
    expect([refused.status, await bodyOf(refused)]).toEqual([
      400,
      expect.objectContaining({ code: 'GENERIC_BAD_REQUEST' }),
    ]);
  });

  test('a socket gets its body back in base64', async () => {
    const started = await bodyOf(await start({ transport: 'websocket', body: { caller: 'änn' } }));
    expect(JSON.parse(Buffer.from(started.body ?? '', 'base64').toString())).toEqual({ caller: 'änn' });
    expect(started.token).toMatch(/^[\w-]+\.[\w-]+$/);
  });

  test('whatever is refused is refused readably: status, code, and the text where browser clients look for it', async () => {
    await start({});
    await start({});
    const refusals: [number, string, Response][] = [
      [400, 'GENERIC_BAD_REQUEST', await send('bot/start', { body: '{"transport":' })],
      [400, 'GENERIC_BAD_REQUEST', await start({ transport: 'pigeon' })],
      [400, 'GENERIC_BAD_REQUEST', await start({ createDailyRoom: true })],
      [401, '401', await send('bot/start', { headers: { authorization: '' } })],
      [401, '401', await send('bot/start', { headers: { authorization: 'Bearer pk_wrong' } })],
      [404, '404', await start({}, 'nobody')],
      [404, '404', await send('bot/begin')],
      [429, '429', await start({})],
    ];
    for (const [status, code, response] of refusals) {
      const body = await bodyOf(response);
      expect([response.status, body.code, response.headers.get('content-type')]).toEqual([
        status,
        code,
        'application/json; charset=utf-8',
      ]);
      expect(body.info).toBe(body.error);
      expect(body.error?.length).toBeGreaterThan(10);
      expect(response.headers.get('access-control-allow-origin')).toBe('*');
      expect(response.headers.get('access-control-expose-headers')).toBe('*');
    }
  });
});

describe('other origins', () => {
  const preflight = (path: string, headers: Record<string, string> = {}) =>
    fetch(`${url}/v1/public/${path}`, {
      method: 'OPTIONS',
      headers: { origin: 'https://app.example', 'access-control-request-method': 'POST', ...headers },
    });

  test.each(['bot/start', 'nobody/start', 'bot/sessions/any/api/offer'])(
    'a preflight of %s is answered without a credential',
    async (path) => {
      const response = await preflight(path, { 'access-control-request-headers': 'authorization,x-own' });
      expect(response.status).toBe(204);
      expect(response.headers.get('access-control-allow-origin')).toBe('*');
      expect(response.headers.get('access-control-allow-headers')).toBe('authorization,x-own');
      const allowed = response.headers.get('access-control-allow-methods')?.split(', ').sort();
      expect(allowed).toEqual(['DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT']);
    },
  );

  test('headers that browsers always need are named when none are asked for', async () => {
    expect((await preflight('bot/start')).headers.get('access-control-allow-headers')).toBe(
      'Authorization, Content-Type',
    );
  });

  test('no other part of the API is open to them', async () => {
    const response = await fetch(`${url}/v1/users`, { headers: { origin: 'https://app.example' } });
    expect(response.headers.get('access-control-allow-origin')).toBeNull();
  });

  test('OPTIONS that is no preflight needs the key and is the agent’s own', async () => {
    const { sessionId } = await bodyOf(await start({}));
    answer = (_request, response) => response.writeHead(200, { allow: 'GET, POST' }).end();
    const options = { method: 'OPTIONS' };
    const own = await send(`bot/sessions/${sessionId}/notes`, options);
    expect([own.status, own.headers.get('allow')]).toEqual([200, 'GET, POST']);
    expect(seen.at(-1)?.method).toBe('OPTIONS');
    const refused = await send(`bot/sessions/${sessionId}/notes`, { ...options, headers: { authorization: '' } });
    expect(refused.status).toBe(401);
  });
});

describe('the proxy of sessions', () => {
  let sessionId: string;
  beforeEach(async () => {
    sessionId = (await bodyOf(await start({}))).sessionId ?? '';
  });
  const call = (path: string, init: RequestInit = {}) => send(`bot/sessions/${sessionId}/${path}`, init);

  test('an offer and its candidates arrive byte for byte, without the key', async () => {
    const offer = '{ "sdp":"v=0\\r\\n", "type":"offer","pc_id": null, "restart_pc":false }';
    await call('api/offer?x=1', { body: offer });
    await call('api/offer', { method: 'PATCH', body: '{"pc_id":"p","candidates":[]}' });
    const [first, second] = seen;
    expect([first?.method, first?.body]).toEqual(['POST', offer]);
    expect(first?.url).toMatch(/\/api\/offer\?x=1$/);
    expect(first?.headers).toMatchObject({ 'content-type': 'application/json' });
    expect(first?.headers.authorization).toBeUndefined();
    expect([second?.method, second?.body]).toEqual(['PATCH', '{"pc_id":"p","candidates":[]}']);
  });

  test.each(['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS'])('%s reaches the agent', async (method) => {
    await call('own', { method });
    expect(seen.map((request) => request.method)).toEqual([method]);
  });

  test('status, headers and body are the agent’s, but for what it says of other origins', async () => {
    answer = (_request, response) =>
      response
        .writeHead(418, {
          'content-type': 'text/plain',
          'x-own': 'kept',
          'access-control-allow-origin': 'https://evil.example',
          'access-control-allow-credentials': 'true',
        })
        .end('short');
    const response = await call('own');
    expect([response.status, await response.text()]).toEqual([418, 'short']);
    expect(response.headers.get('x-own')).toBe('kept');
    expect(response.headers.get('access-control-allow-origin')).toBe('*');
    expect(response.headers.get('access-control-allow-credentials')).toBeNull();
  });

  test('an answer is passed on while it is being written', async () => {
    let end = () => {};
    answer = (_request, response) => {
      response.writeHead(200).write('first');
      end = () => response.end('last');
    };
    const reader = (await call('stream')).body?.getReader();
    expect(Buffer.from((await reader?.read())?.value ?? []).toString()).toBe('first');
    end();
    expect(Buffer.from((await reader?.read())?.value ?? []).toString()).toBe('last');
  });

  test('sessions that are unknown, ended or of another organization, and agents that do not answer, are told apart', async () => {
    const unknown = await send(`bot/sessions/${crypto.randomUUID()}/own`);
    expect([unknown.status, (await bodyOf(unknown)).code]).toEqual([404, '404']);
    const theirs = await (await server.organization('theirs')).member('admin');
    const foreign = await call('own', {
      headers: { authorization: `Bearer ${await publicKey('theirs', theirs.token)}` },
    });
    expect([foreign.status, (await bodyOf(foreign)).code]).toEqual([404, '404']);
    answer = (request) => void request.socket.destroy();
    const silent = await call('own');
    expect(silent.status).toBe(502);
    expect(await bodyOf(silent)).toMatchObject({ code: '502', info: expect.stringContaining(sessionId) });
    expect(silent.headers.get('access-control-allow-origin')).toBe('*');
    worker.endSession(sessionId, 'completed');
    await vi.waitFor(async () => expect((await call('own')).status).toBe(404), { timeout: 10_000, interval: 20 });
  });

  test('the paths by which the platform talks to a container are closed', async () => {
    for (const path of ['bot', 'readyz', 'x/../bot', '%62ot', 'pcc/capabilities']) {
      expect((await call(path)).status, path).toBe(404);
    }
    expect(seen).toEqual([]);
  });
});

test('an offer that comes while the session is starting waits for it', async () => {
  worker.behaviour.answers = false;
  const starting = start({ transport: 'webrtc' });
  const sessionId = await vi.waitFor(() => {
    const [activation] = worker.activations();
    expect(activation).toBeDefined();
    return activation?.sessionId ?? '';
  });
  const { state } = (await server.call(token, 'GET', `/v1/organizations/ours/services/bot/sessions/${sessionId}`)).body;
  expect(state).toBe('starting');
  const offer = send(`bot/sessions/${sessionId}/api/offer`, { body: '{"pc_id":null}' });
  const early = await Promise.race([offer, new Promise((resolve) => setTimeout(resolve, 300, 'held'))]);
  expect(early).toBe('held');
  // The answer was lost with the connection; asked again, the worker says yes to the session that it holds.
  worker.behaviour.answers = true;
  worker.disconnect();
  await worker.connect();
  expect((await starting).status).toBe(200);
  expect((await offer).status).toBe(200);
  expect(seen.map(({ body }) => body)).toEqual(['{"pc_id":null}']);
});
