import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { type Rig, startRig, stopMarker } from '../test-rig/rig.js';

const hopHeader = 'x-pipecat-cloud-hop';
let rig: Rig;
beforeEach(async () => {
  rig = await startRig({ timings: { socketGraceMs: 100, relayGraceMs: 60_000 } });
  await rig.ready();
  await rig.makeReady('i-1');
});
afterEach(() => rig.close());

const claims = { instanceId: 'i-1', sessionId: 's-1' };
const hop = (change = {}) => ({ [hopHeader]: rig.control.hop({ ...claims, ...change }) });
const url = (path: string, instanceId = 'i-1') => `${rig.dataUrl()}/instances/${instanceId}${path}`;
const whenEnded = async () => (await rig.control.whenReported('session-ended'))[0];

function dial(path: string, headers: Record<string, string> = hop()): WebSocket {
  return new WebSocket(url(path).replace('http', 'ws'), { headers });
}

async function opened(path: string, headers?: Record<string, string>): Promise<WebSocket> {
  const socket = dial(path, headers);
  await once(socket, 'open');
  return socket;
}

async function refusedUpgrade(path: string, headers?: Record<string, string>): Promise<number | undefined> {
  const socket = dial(path, headers);
  socket.on('error', () => undefined);
  const [, response] = (await once(socket, 'unexpected-response')) as [unknown, IncomingMessage];
  response.resume();
  return response.statusCode;
}

test('passes path, query, method, headers and body on, with the session of the hop', async () => {
  await rig.activate({ instanceId: 'i-1' });
  rig.agents.of('i-1').custom = async (req, res) => {
    let body = '';
    for await (const chunk of req) body += String(chunk);
    res.writeHead(201, 'Made', { 'x-answer': 'yes' }).end(JSON.stringify([req.method, req.url, req.headers, body]));
  };
  const answer = await fetch(url('/api/offer%2Fx?a=1&b=%20'), {
    method: 'PATCH',
    body: 'hello',
    headers: { ...hop(), 'x-daily-session-id': 'forged', 'x-own': 'kept' },
  });
  expect([answer.status, answer.statusText, answer.headers.get('x-answer')]).toEqual([201, 'Made', 'yes']);
  const [method, path, headers, body] = (await answer.json()) as [string, string, Record<string, string>, string];
  expect([method, path, body]).toEqual(['PATCH', '/api/offer%2Fx?a=1&b=%20', 'hello']);
  expect(headers).toMatchObject({ 'x-daily-session-id': 's-1', 'x-own': 'kept' });
  expect(headers.host).not.toBe(new URL(rig.dataUrl()).host);
  expect(headers[hopHeader]).toBeUndefined();
});

test('leaves out the headers that end at a hop, both ways', async () => {
  await rig.activate({ instanceId: 'i-1' });
  let seen: IncomingMessage['headers'] = {};
  rig.agents.of('i-1').custom = (req, res) => {
    seen = req.headers;
    res.writeHead(200, {
      connection: 'x-private',
      'x-private': '1',
      'keep-alive': 'timeout=9',
      'set-cookie': ['a', 'b'],
    });
    res.end();
  };
  const headers = { ...hop(), connection: 'close, x-mine', 'x-mine': '1', te: 'trailers' };
  const sent = request(url('/x'), { headers }).end();
  const [answer] = (await once(sent, 'response')) as [IncomingMessage];
  answer.resume();
  expect(seen).not.toHaveProperty('x-mine');
  expect(seen).not.toHaveProperty('te');
  expect(answer.headers).not.toHaveProperty('x-private');
  expect(answer.headers['keep-alive']).not.toBe('timeout=9');
  expect(answer.headers['set-cookie']).toEqual(['a', 'b']);
});

test('streams both ways: neither side waits for the end of the other', async () => {
  await rig.activate({ instanceId: 'i-1' });
  rig.agents.of('i-1').custom = (req, res) => {
    res.writeHead(200);
    res.write('begun ');
    req.on('data', (chunk) => res.write(`got ${chunk} `));
    req.on('end', () => res.end('done'));
  };
  const sent = request(url('/stream'), { method: 'POST', headers: hop() });
  sent.write('one');
  const [answer] = (await once(sent, 'response')) as [IncomingMessage];
  let text = '';
  answer.on('data', (chunk) => {
    text += chunk;
  });
  await vi.waitFor(() => expect(text).toBe('begun got one '));
  sent.end('two');
  await vi.waitFor(() => expect(text).toBe('begun got one got two done'));
});

test('ends the request to the instance when the caller goes', async () => {
  await rig.activate({ instanceId: 'i-1' });
  const gone = vi.fn();
  rig.agents.of('i-1').custom = (_req, res) => {
    res.on('close', gone);
    res.writeHead(200).write('endless');
  };
  const sent = request(url('/stream'), { headers: hop() }).end();
  await once(sent, 'response');
  sent.destroy();
  await vi.waitFor(() => expect(gone).toHaveBeenCalled());
});

test('a broken answer does not look like a whole one', async () => {
  await rig.activate({ instanceId: 'i-1' });
  rig.agents.of('i-1').custom = (_req, res) => {
    res.writeHead(200).write('half');
    setImmediate(() => res.socket?.destroy());
  };
  const answer = await fetch(url('/x'), { headers: hop() });
  await expect(answer.text()).rejects.toThrow();
});

test('a connection that the agent closes before answering is a 502', async () => {
  await rig.activate({ instanceId: 'i-1' });
  rig.agents.of('i-1').custom = (req) => req.socket.destroy();
  const answer = await fetch(url('/x'), { method: 'POST', body: 'x', headers: hop() });
  expect([answer.status, await answer.json()]).toEqual([502, { error: expect.any(String), code: '502' }]);
});

test('refuses hops that are unsigned, forged, expired, of another instance, session or epoch', async () => {
  await rig.makeReady('i-2');
  await rig.activate({ instanceId: 'i-1', epoch: 2 });
  const custom = vi.fn();
  rig.agents.of('i-1').custom = custom;
  const foreign = generateKeyPairSync('ed25519').privateKey;
  const held = { ...claims, epoch: 2 };
  const tampered = rig.control.hop(held).replace(/^[^.]+/, Buffer.from(JSON.stringify(held)).toString('base64url'));
  const refusals: [number, string, string | undefined][] = [
    [403, url('/x'), undefined],
    [403, url('/x'), 'nonsense'],
    [403, url('/x'), rig.control.hop(held, foreign)],
    [403, url('/x'), tampered],
    [403, url('/x'), rig.control.hop({ ...held, expires: Math.floor(Date.now() / 1000) - 1 })],
    [403, url('/x'), rig.control.hop({ ...held, instanceId: 'i-2' })],
    [404, url('/x', 'i-none'), rig.control.hop({ ...held, instanceId: 'i-none' })],
    [410, url('/x', 'i-2'), rig.control.hop({ ...held, instanceId: 'i-2' })],
    [410, url('/x'), rig.control.hop({ ...held, sessionId: 's-other' })],
    [410, url('/x'), rig.control.hop({ ...held, epoch: 1 })],
    [404, `${rig.dataUrl()}/other`, rig.control.hop(held)],
  ];
  for (const [status, target, header] of refusals) {
    const answer = await fetch(target, header === undefined ? {} : { headers: { [hopHeader]: header } });
    expect([answer.status, await answer.json()]).toEqual([status, { error: expect.any(String), code: String(status) }]);
  }
  expect(await refusedUpgrade('/ws', { [hopHeader]: 'nonsense' })).toBe(403);
  expect(await refusedUpgrade('/ws', { [hopHeader]: rig.control.hop({ ...held, epoch: 1 }) })).toBe(410);
  expect(custom).not.toHaveBeenCalled();
});

test('an ended session is not relayed to any more, and what was open is cut before the next', async () => {
  await rig.activate({ instanceId: 'i-1' });
  rig.agents.of('i-1').custom = (_req, res) => void res.writeHead(200).write('endless');
  const answer = await fetch(url('/stream'), { headers: hop() });
  let cut = false;
  answer.text().catch(() => {
    cut = true;
  });
  (await rig.bot('i-1')).answer(200);
  await rig.control.whenObserved('i-1', 'ready');
  expect((await fetch(url('/x'), { headers: hop() })).status).toBe(410);
  expect(cut).toBe(false);
  await rig.activate({ instanceId: 'i-1', epoch: 2, sessionId: 's-2' });
  await vi.waitFor(() => expect(cut).toBe(true));
});

test('a session that has ended is not relayed to while its instance settles', async () => {
  await rig.activate({ instanceId: 'i-1', maxSessionSeconds: 0.05 });
  await rig.control.whenObserved('i-1', 'settling');
  expect((await fetch(url('/x'), { headers: hop() })).status).toBe(410);
});

test('what is open at the end of a session is cut after a while', async () => {
  const strict = await startRig({ timings: { relayGraceMs: 20 } });
  try {
    await strict.ready();
    await strict.makeReady('i-1');
    await strict.activate({ instanceId: 'i-1' });
    strict.agents.of('i-1').custom = (_req, res) => void res.writeHead(200).write('endless');
    const headers = { [hopHeader]: strict.control.hop(claims) };
    const answer = await fetch(`${strict.dataUrl()}/instances/i-1/stream`, { headers });
    const cut = expect(answer.text()).rejects.toThrow();
    (await strict.bot('i-1')).answer(200);
    await cut;
  } finally {
    await strict.close();
  }
});

test('a restarted worker relays before the control plane is back', async () => {
  await rig.activate({ instanceId: 'i-1' });
  rig.agents.of('i-1').custom = (_req, res) => res.end('served');
  await rig.stopWorker();
  await rig.startWorker();
  await rig.control.whenObserved('i-1', 'busy');
  rig.control.drop();
  expect(await (await fetch(url('/x'), { headers: hop() })).text()).toBe('served');
});

test('the first /ws makes a socket session: frames pass both ways, and its close ends the session', async () => {
  await rig.activate({ instanceId: 'i-1', entry: 'socket' });
  const socket = await opened('/ws?body=e30%3D');
  const [agentSide] = rig.agents.of('i-1').sockets;
  expect(agentSide?.url).toBe('/ws?body=e30%3D');
  expect(agentSide?.headers['x-daily-session-id']).toBe('s-1');
  expect(agentSide?.headers[hopHeader]).toBeUndefined();
  const echoed = once(socket, 'message');
  socket.send(Buffer.alloc(100_000, 7));
  expect((await echoed)[0]).toEqual(Buffer.alloc(100_000, 7));
  const closed = once(agentSide?.socket as WebSocket, 'close');
  socket.close(4001, 'enough');
  expect(String(await closed)).toBe('4001,enough');
  expect(await whenEnded()).toMatchObject({ reason: 'socket_closed', sessionId: 's-1' });
  expect(rig.control.instance('i-1')?.state).toBe('settling');
  rig.world.print('i-1', stopMarker('s-1'));
  await rig.control.whenObserved('i-1', 'ready');
});

test('bytes that come together with the upgrade reach the agent', async () => {
  await rig.activate({ instanceId: 'i-1', entry: 'socket' });
  const { host, hostname, port } = new URL(rig.dataUrl());
  const raw = connect({ host: hostname, port: Number(port) });
  const head = [
    'GET /instances/i-1/ws HTTP/1.1',
    `host: ${host}`,
    'connection: Upgrade',
    'upgrade: websocket',
    'sec-websocket-version: 13',
    `sec-websocket-key: ${Buffer.alloc(16).toString('base64')}`,
    `${hopHeader}: ${hop()[hopHeader]}`,
  ];
  // A masked text frame that says "hi", with a mask of zeros (RFC 6455 §5.2).
  const frame = Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0x68, 0x69]);
  raw.write(Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), frame]));
  let received = '';
  raw.on('data', (chunk) => {
    received += chunk.toString('latin1');
  });
  await vi.waitFor(() => expect(received).toMatch(/^HTTP\/1.1 101 .*\x81\x02hi$/s));
  raw.destroy();
});

test("the agent's close code reaches the caller", async () => {
  await rig.activate({ instanceId: 'i-1', entry: 'socket' });
  const socket = await opened('/ws');
  const closed = once(socket, 'close');
  rig.agents.of('i-1').sockets[0]?.socket.close(4002, 'bye');
  expect(String(await closed)).toBe('4002,bye');
  expect(await whenEnded()).toMatchObject({ reason: 'socket_closed' });
});

test('an instance whose bot does not finish after its socket closed is killed', async () => {
  await rig.activate({ instanceId: 'i-1', entry: 'socket' });
  const socket = await opened('/ws');
  socket.terminate();
  expect(await whenEnded()).toMatchObject({ reason: 'socket_closed' });
  await rig.control.whenObserved('i-1', 'exited');
});

test('a stop closes the socket and says stopped', async () => {
  await rig.activate({ instanceId: 'i-1', entry: 'socket' });
  const socket = await opened('/ws');
  socket.on('error', () => undefined);
  const closed = once(socket, 'close');
  await rig.control.command({ do: 'stop', instanceId: 'i-1', sessionId: 's-1', epoch: 1 });
  await closed;
  expect(await whenEnded()).toMatchObject({ reason: 'stopped' });
});

test('an upgrade that the agent refuses ends the session with its status, and the instance is ready', async () => {
  rig.agents.of('i-1').refuseSockets = 409;
  await rig.activate({ instanceId: 'i-1', entry: 'socket' });
  expect(await refusedUpgrade('/ws')).toBe(409);
  expect(await whenEnded()).toMatchObject({ reason: 'bot_failed', status: 409 });
  await rig.control.whenObserved('i-1', 'ready');
});

test('other upgrades neither make nor end a session', async () => {
  await rig.activate({ instanceId: 'i-1', entry: 'socket', connectTimeoutSeconds: 60 });
  const other = await opened('/own/socket');
  const closed = once(other, 'close');
  other.close();
  await closed;
  const socket = await opened('/ws');
  const second = await opened('/ws');
  second.terminate();
  const echoed = once(socket, 'message');
  socket.send('still here');
  expect(String((await echoed)[0])).toBe('still here');
  expect(rig.control.reportsOf('session-ended')).toEqual([]);
});

test('after a worker died with a relayed socket its session has ended', async () => {
  await rig.activate({ instanceId: 'i-1', entry: 'socket' });
  const socket = await opened('/ws');
  socket.on('error', () => undefined);
  await rig.stopWorker();
  expect(rig.control.reportsOf('session-ended')).toEqual([]);
  await rig.startWorker();
  expect(await whenEnded()).toMatchObject({ reason: 'socket_closed' });
});
