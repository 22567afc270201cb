import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { hopHeader, hopRefusedHeader } from '@pipecat-cloud/contract/worker-protocol';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { claims, createRelayClient } from '../test-rig/relay-client.js';
import { type Rig, startRig, stopMarker } from '../test-rig/rig.js';

let rig: Rig;
const raws: Socket[] = [];
beforeEach(async () => {
  rig = await startRig({ timings: { socketGraceMs: 60_000, relayGraceMs: 60_000, exitLookMs: 60_000 } });
  await rig.ready();
  await rig.makeReady('i-1');
});
afterEach(async () => {
  for (const raw of raws.splice(0)) raw.destroy();
  await rig.close();
});

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

/** An upgrade as it goes over the wire, with what comes behind it at once. The connection stays open until it is closed at the other end. */
function upgradeRaw(path: string, behind: string | Buffer, header = hop()[hopHeader]) {
  const { host, hostname, port } = new URL(rig.dataUrl());
  const raw = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
  raws.push(raw);
  const head = [
    `GET /instances/i-1${path} HTTP/1.1`,
    `host: ${host}`,
    'connection: Upgrade',
    'upgrade: websocket',
    'sec-websocket-version: 13',
    `sec-websocket-key: ${Buffer.alloc(16).toString('base64')}`,
    `${hopHeader}: ${header}`,
  ];
  raw.write(Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), Buffer.from(behind)]));
  const seen = { raw, received: '' };
  raw.on('error', () => undefined);
  raw.on('data', (chunk) => {
    seen.received += chunk.toString('latin1');
  });
  return seen;
}
const patience = { timeout: 60_000 };

test('bytes that come together with the upgrade reach the agent', async () => {
  await rig.activate({ instanceId: 'i-1', entry: 'socket' });
  // A masked text frame that says "hi", with a mask of zeros (RFC 6455 §5.2).
  const seen = upgradeRaw('/ws', Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0x68, 0x69]));
  await vi.waitFor(() => expect(seen.received.endsWith('\u0081\u0002hi')).toBe(true));
  expect(seen.received).toMatch(/^HTTP\/1.1 101 /);
});

const smuggled = [
  'POST /bot HTTP/1.1',
  'host: agent',
  'x-daily-session-id: of-somebody-else',
  'content-type: application/json',
  'content-length: 2',
  '\r\n{}',
].join('\r\n');

describe('an agent that keeps its connection after another answer than 101', () => {
  beforeEach(async () => {
    await rig.close();
    rig = await startRig({ timings: { socketGraceMs: 60_000, relayGraceMs: 60_000, exitLookMs: 60_000 } });
    rig.agents.defaults.plain = true;
    await rig.ready();
    await rig.makeReady('i-1');
  });

  test.each(['/hello', '/ws'])(
    'gets nothing behind the upgrade of %s: its answer is whole and the last',
    async (path) => {
      const asked: (string | undefined)[] = [];
      rig.agents.of('i-1').custom = (req, res) => {
        asked.push(req.url);
        res.writeHead(200, { 'content-length': 2, [hopRefusedHeader]: '404', 'x-own': '1' }).end('hi');
      };
      await rig.activate({ instanceId: 'i-1', entry: 'socket' });
      const seen = upgradeRaw(path, smuggled);
      const { raw } = seen;
      raw.once('data', () => raw.write(smuggled));
      await once(raw, 'end');
      const { received } = seen;
      expect(received).toMatch(/^HTTP\/1.1 200 .*\r\n(.*\r\n)+\r\nhi$/);
      expect(received).toMatch(/\r\nconnection: close\r\n/i);
      expect(received).toMatch(/\r\nx-own: 1\r\n/i);
      expect(received).not.toMatch(new RegExp(hopRefusedHeader, 'i'));
      // It ends both sides by itself: who goes on writing is told so.
      await vi.waitFor(() => {
        raw.write(smuggled);
        expect(raw.destroyed).toBe(true);
      }, patience);
      expect(asked).toEqual([path]);
      expect(rig.agents.of('i-1').bots).toEqual([]);
    },
  );

  test.each(['204 No Content', '304 Not Modified'])('and says more behind a %s is heard with that', async (status) => {
    rig.agents.of('i-1').custom = (req) => void req.socket.write(`HTTP/1.1 ${status}\r\n\r\nand a body`);
    await rig.activate({ instanceId: 'i-1', entry: 'socket' });
    const seen = upgradeRaw('/ws', '');
    await vi.waitFor(() => expect(seen.received).toContain(`HTTP/1.1 ${status}`), patience);
    expect(await whenEnded()).toMatchObject({ reason: 'bot_failed', status: Number(status.slice(0, 3)) });
  });

  test('and then breaks it is not heard as if it were whole', async () => {
    let agent: Duplex | undefined;
    rig.agents.of('i-1').custom = (req) => {
      agent = req.socket;
      agent.write('HTTP/1.1 404 No\r\ntransfer-encoding: chunked\r\n\r\n2\r\nno\r\n');
    };
    await rig.activate({ instanceId: 'i-1', entry: 'socket' });
    const seen = upgradeRaw('/hello', '');
    await vi.waitFor(() => expect(seen.received).toMatch(/^HTTP\/1.1 404 .*\r\n(.*\r\n)+2\r\nno\r\n$/));
    const before = seen.received;
    agent?.write('no length\r\n');
    await once(seen.raw, 'end');
    expect(seen.received).toBe(before);
  });

  test('or in something that is no HTTP ends its session with 502', async () => {
    rig.agents.of('i-1').custom = (req) => void req.socket.write('SSH-2.0-OpenSSH_9.9\r\n');
    await rig.activate({ instanceId: 'i-1', entry: 'socket' });
    expect(await refusedUpgrade('/ws')).toBe(502);
    expect(await whenEnded()).toMatchObject({ reason: 'bot_failed', status: 502 });
  });
});

test('an upgrade that is refused by the worker is closed by it, though its caller stays', async () => {
  const { raw } = upgradeRaw('/ws', '', 'nonsense');
  await once(raw, 'end');
  await vi.waitFor(() => {
    raw.write('x');
    expect(raw.destroyed).toBe(true);
  }, patience);
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
