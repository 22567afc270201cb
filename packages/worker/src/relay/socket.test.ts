import { once } from 'node:events';
import { connect } from 'node:net';
import { hopHeader } from '@pipecat-cloud/contract/worker-protocol';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { claims, createRelayClient } from '../test-rig/relay-client.js';
import { type Rig, startRig, stopMarker } from '../test-rig/rig.js';

let rig: Rig;
beforeEach(async () => {
  rig = await startRig({ timings: { socketGraceMs: 60_000, relayGraceMs: 60_000, exitLookMs: 60_000 } });
  await rig.ready();
  await rig.makeReady('i-1');
});
afterEach(() => rig.close());

const { hop, opened, refusedUpgrade, url } = createRelayClient(() => rig);
const whenEnded = async () => (await rig.control.whenReported('session-ended'))[0];

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
  await rig.control.whenObserved('i-1', 'settling');
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
  await vi.waitFor(() => expect(received.endsWith('\u0081\u0002hi')).toBe(true));
  expect(received).toMatch(/^HTTP\/1.1 101 /);
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

test('an instance that dies takes its socket along: the session ended because of it', async () => {
  await rig.activate({ instanceId: 'i-1', entry: 'socket' });
  const socket = await opened('/ws');
  const closed = once(socket, 'close');
  rig.agents.of('i-1').sockets[0]?.socket.terminate();
  await closed;
  rig.world.exit('i-1', 137);
  const detail = 'The instance ended with exit code 137';
  expect(await whenEnded()).toMatchObject({ reason: 'instance_exited', detail });
  await rig.control.whenObserved('i-1', 'exited');
  expect(rig.control.reportsOf('session-ended')).toHaveLength(1);
});

test.each([
  ['goes on', 'socket_closed', 'settling'],
  ['has ended, which nobody has told', 'instance_exited', 'exited'],
] as const)('a socket that is cut off by an instance that %s ends its session as %s', async (how, reason, state) => {
  await rig.close();
  rig = await startRig({
    timings: { socketGraceMs: 60_000, exitLookMs: 20, observeMs: 600_000 },
    wrapDriver: (driver) => ({ ...driver, onExit: () => undefined }),
  });
  await rig.ready();
  await rig.makeReady('i-1');
  await rig.activate({ instanceId: 'i-1', entry: 'socket' });
  await opened('/ws');
  if (how !== 'goes on') rig.world.exit('i-1', 1);
  rig.agents.of('i-1').sockets[0]?.socket.terminate();
  expect(await whenEnded()).toMatchObject({ reason });
  await rig.control.whenObserved('i-1', state);
});

test('a socket that is cut off while nobody can say whether its instance has ended ends its session all the same', async () => {
  const { promise: answer, resolve: comeBack } = Promise.withResolvers<void>();
  let hangs = false;
  await rig.close();
  rig = await startRig({
    timings: { socketGraceMs: 60_000, exitLookMs: 20 },
    wrapDriver: (driver) => ({
      ...driver,
      async list() {
        if (hangs) await answer;
        return driver.list();
      },
    }),
  });
  await rig.ready();
  await rig.makeReady('i-1');
  await rig.activate({ instanceId: 'i-1', entry: 'socket' });
  await opened('/ws');
  hangs = true;
  rig.agents.of('i-1').sockets[0]?.socket.terminate();
  expect(await whenEnded()).toMatchObject({ reason: 'socket_closed' });
  await rig.control.whenObserved('i-1', 'settling');
  comeBack();
});

test('an instance whose bot does not finish after its socket closed is killed', async () => {
  const strict = await startRig({ timings: { socketGraceMs: 50 } });
  try {
    await strict.ready();
    await strict.makeReady('i-1');
    await strict.activate({ instanceId: 'i-1', entry: 'socket' });
    const headers = { [hopHeader]: strict.control.hop(claims) };
    const socket = new WebSocket(`${strict.dataUrl().replace('http', 'ws')}/instances/i-1/ws`, { headers });
    await once(socket, 'open');
    socket.terminate();
    expect((await strict.control.whenReported('session-ended'))[0]).toMatchObject({ reason: 'socket_closed' });
    await strict.control.whenObserved('i-1', 'exited');
  } finally {
    await strict.close();
  }
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
  const secondClosed = once(rig.agents.of('i-1').sockets[2]?.socket as WebSocket, 'close');
  second.terminate();
  await secondClosed;
  // A session that had ended would refuse these.
  for (let at = 0; at < 20; at++) expect((await fetch(url('/x'), { headers: hop() })).status).toBe(404);
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

test('a session whose caller will not come ends at once, and its instance is ready; one with a socket is left alone', async () => {
  const abandon = (sessionId: string, epoch: number) =>
    rig.control.command({ do: 'abandon', instanceId: 'i-1', sessionId, epoch });
  await rig.activate({ instanceId: 'i-1', entry: 'socket', connectTimeoutSeconds: 60 });
  await abandon('another', 1);
  await abandon('s-1', 2);
  expect(rig.control.reportsOf('session-ended')).toEqual([]);
  await abandon('s-1', 1);
  expect(await whenEnded()).toMatchObject({ reason: 'connect_timeout', sessionId: 's-1' });
  await rig.control.whenObserved('i-1', 'ready');
  expect(rig.agents.of('i-1').sockets).toEqual([]);

  await rig.activate({ instanceId: 'i-1', entry: 'socket', sessionId: 's-2', epoch: 2 });
  const headers = { [hopHeader]: rig.control.hop({ ...claims, sessionId: 's-2', epoch: 2 }) };
  const socket = new WebSocket(`${rig.dataUrl().replace('http', 'ws')}/instances/i-1/ws`, { headers });
  await once(socket, 'open');
  await abandon('s-2', 2);
  const echoed = once(socket, 'message');
  socket.send('still here');
  expect(String((await echoed)[0])).toBe('still here');
  expect(rig.control.reportsOf('session-ended')).toHaveLength(1);
});
