import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { handOverHeader, takeOut } from '@pipecat-cloud/contract/hand-over';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createRelayClient } from '../test-rig/relay-client.js';
import { type Rig, startRig } from '../test-rig/rig.js';

let rig: Rig;
const closers: (() => unknown)[] = [];
beforeEach(async () => {
  rig = await startRig({ supervisor: 'ours', timings: { socketGraceMs: 60_000, exitLookMs: 600_000 } });
  await rig.ready();
  await rig.makeReady('i-1');
  await rig.activate({ instanceId: 'i-1', entry: 'socket' });
});
afterEach(async () => {
  for (const close of closers.splice(0)) close();
  await rig.close();
});

const patience = { timeout: 60_000 };
const { hop, url } = createRelayClient(() => rig);
const whenEnded = async () => (await rig.control.whenReported('session-ended'))[0];
const agentSide = () => vi.waitFor(() => rig.agents.of('i-1').sockets[0] ?? expect.fail('no socket yet'), patience);

function collect(socket: Socket) {
  const seen = { socket, received: Buffer.alloc(0), closed: false };
  socket.on('error', () => undefined);
  socket.on('data', (chunk) => {
    seen.received = Buffer.concat([seen.received, chunk]);
  });
  socket.on('close', () => {
    seen.closed = true;
  });
  closers.push(() => socket.destroy());
  return seen;
}

/** An upgrade as a control plane sends it that offers its caller. */
function upgrade(offer: string) {
  const { host, hostname, port, pathname } = new URL(url('/ws'));
  const headers = {
    host,
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': Buffer.alloc(16).toString('base64'),
    [handOverHeader]: offer,
    ...hop(),
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const socket = connect({ host: hostname, port: Number(port) });
  socket.write(`GET ${pathname} HTTP/1.1\r\n${lines.join('')}\r\n`);
  return collect(socket);
}

/** A caller, and its connection as a control plane has accepted it. */
async function caller() {
  const server = createServer({ pauseOnConnect: true }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const accepted = once(server, 'connection');
  const near = collect(connect((server.address() as AddressInfo).port, '127.0.0.1'));
  const { handle } = takeOut((await accepted)[0] as Socket) ?? expect.fail('it is closed already');
  closers.push(() => server.close());
  return { near, handle };
}

const handOver = (offer: string, handle?: unknown) => rig.tellWorker({ type: 'hand-over', offer }, handle);
const isTaken = (control: ReturnType<typeof upgrade>, offer: string) =>
  vi.waitFor(
    () => expect(control.received.toString()).toMatch(new RegExp(`\r\n${handOverHeader}: ${offer}\r\n(.*\r\n)*\r\n$`)),
    patience,
  );

/** A text message as a client sends it, with a mask of zeros, and as a server does (RFC 6455 §5.2). */
const masked = (text: string) =>
  Buffer.concat([Buffer.from([0x81, 0x80 | text.length, 0, 0, 0, 0]), Buffer.from(text)]);
const plain = (text: string) => Buffer.concat([Buffer.from([0x81, text.length]), Buffer.from(text)]);

/** A caller that was handed over, and hears the instance. */
async function joined() {
  const control = upgrade('ours/1');
  await isTaken(control, 'ours/1');
  const { near, handle } = await caller();
  control.socket.end();
  handOver('ours/1', handle);
  (await agentSide()).socket.send('hello');
  await vi.waitFor(() => expect(near.received).toEqual(plain('hello')), patience);
  return near;
}

describe('a caller that is handed over', () => {
  test('is joined with the instance: all that was said goes both ways, and its close ends the session', async () => {
    const control = upgrade('ours/1');
    await isTaken(control, 'ours/1');
    const agent = await agentSide();
    const heard: string[] = [];
    agent.socket.on('message', (data) => heard.push(String(data)));
    agent.socket.send('first');
    const { near, handle } = await caller();
    near.socket.write(masked('two'));
    control.socket.end(masked('one'));
    handOver('ours/1', handle);
    await vi.waitFor(() => expect(heard).toEqual(['one', 'two']), patience);
    agent.socket.send('last');
    // It says back what it hears.
    const said = Buffer.concat(['first', 'one', 'two', 'last'].map(plain));
    await vi.waitFor(() => expect(near.received).toEqual(said), patience);
    // Nothing of it on the way through the control plane, which is not needed any more.
    await isTaken(control, 'ours/1');
    await vi.waitFor(() => expect(control.closed).toBe(true), patience);
    near.socket.end();
    expect(await whenEnded()).toMatchObject({ reason: 'socket_closed', sessionId: 's-1' });
  });

  test('ends its session also by breaking off, whatever the instance does then', async () => {
    const near = await joined();
    near.socket.resetAndDestroy();
    // Had the instance cut it off, it would be looked for ten minutes whether that has ended.
    expect(await whenEnded()).toMatchObject({ reason: 'socket_closed', sessionId: 's-1' });
  });

  test('is let go of when its session ends', async () => {
    const near = await joined();
    await rig.control.command({ do: 'stop', instanceId: 'i-1', sessionId: 's-1', epoch: 1 });
    await vi.waitFor(() => expect(near.closed).toBe(true), patience);
  });

  test('is let go of where its session has ended before it comes', async () => {
    const control = upgrade('ours/1');
    await isTaken(control, 'ours/1');
    await rig.control.command({ do: 'stop', instanceId: 'i-1', sessionId: 's-1', epoch: 1 });
    await vi.waitFor(() => expect(control.closed).toBe(true), patience);
    const { near, handle } = await caller();
    handOver('ours/1', handle);
    await vi.waitFor(() => expect(near.closed).toBe(true), patience);
    expect(near.received).toHaveLength(0);
  });

  test('is let go of where its first words break off', async () => {
    const control = upgrade('ours/1');
    await isTaken(control, 'ours/1');
    const { near, handle } = await caller();
    control.socket.write(masked('half'));
    control.socket.resetAndDestroy();
    handOver('ours/1', handle);
    await vi.waitFor(() => expect(near.closed).toBe(true), patience);
    expect(await whenEnded()).toMatchObject({ reason: 'socket_closed', sessionId: 's-1' });
  });

  test('and that nobody waits for is let go of', async () => {
    const { near, handle } = await caller();
    handOver('ours/nobody', handle);
    await vi.waitFor(() => expect(near.closed).toBe(true), patience);
  });
});

test.each([
  ['has left', () => handOver('ours/1')],
  ['is gone with its control plane', () => undefined],
])('a caller that %s before it was handed over ends its session', async (_how, leave) => {
  const control = upgrade('ours/1');
  await isTaken(control, 'ours/1');
  control.socket.destroy();
  leave();
  expect(await whenEnded()).toMatchObject({ reason: 'socket_closed', sessionId: 's-1' });
});

test('the caller of another supervisor’s control plane is not asked for', async () => {
  const control = upgrade('theirs/1');
  const agent = await agentSide();
  agent.socket.send('hello');
  await vi.waitFor(() => expect(control.received.subarray(-7)).toEqual(plain('hello')), patience);
  expect(control.received.toString()).not.toContain(handOverHeader);
  expect(agent.headers).not.toHaveProperty(handOverHeader);
});
