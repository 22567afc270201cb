import { once } from 'node:events';
import { connect, createServer, Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import { promisify } from 'node:util';
import {
  type ConnectionHandle,
  type HandOverMessage,
  handOverHeader,
  socketOf,
} from '@pipecat-cloud/contract/hand-over';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { bodyOf, type GatewayWorld, openGatewayWorld } from '../testing/gateway-world.js';
import { createHandOver, type SendUp } from './hand-over.js';
import { join } from './worker-socket.js';

interface Sent {
  message: HandOverMessage;
  /** The connection, in the hands of another process. */
  caller: Socket | undefined;
}

const sent: Sent[] = [];
/** Node gives another process a handle of its own; here the one that was sent stays open. */
const send: SendUp = (message, handle) => {
  sent.push({ message, caller: handle && socketOf(handle as ConnectionHandle) });
};
let world: GatewayWorld;
beforeEach(async () => {
  world = await openGatewayWorld({}, createHandOver('ours', send));
});
afterEach(async () => {
  for (const { caller } of sent.splice(0)) caller?.destroy();
  await world.close();
});

const patience = { timeout: 60_000 };
const handed = () => vi.waitFor(() => sent[0] ?? expect.fail('nothing was handed over'), patience);
const head = (more: string) =>
  `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n${more}\r\n`;

/** A worker that takes over each caller. Resolves with its side of the next connection, before it has answered. */
function whenAsked(): Promise<{ side: Duplex; take(): void }> {
  return new Promise((resolve) => {
    world.container.upgrades = (side, request) => {
      const take = () => side.write(head(`${handOverHeader}: ${request.headers[handOverHeader]}\r\n`));
      resolve({ side, take });
    };
  });
}

const connections = () => promisify(world.server.http.server.getConnections.bind(world.server.http.server))();

async function open(behind = '') {
  const { token } = await bodyOf(await world.start({ transport: 'websocket' }));
  return collect(world.upgradeRaw(`/ws/generic/bot.ours/${token}`, { [handOverHeader]: 'ours/forged' }, behind));
}

function collect(socket: Socket) {
  const seen = { socket, received: '', ended: false };
  socket.on('data', (chunk) => {
    seen.received += chunk.toString('latin1');
  });
  socket.on('end', () => {
    seen.ended = true;
  });
  return seen;
}

describe('a worker that takes over a caller', () => {
  test('gets its connection with all that it has said, in order, and the control plane is rid of it', async () => {
    const asked = whenAsked();
    const caller = await open('behind the upgrade, ');
    const { side, take } = await asked;
    const before = await connections();
    caller.socket.write('before the answer, ');
    const toWorker = collect(side as Socket);
    take();
    const { message, caller: taken } = await handed();
    // It has all of that before it has the connection.
    expect(toWorker.received).toBe('behind the upgrade, before the answer, ');
    caller.socket.write('and after it');
    await vi.waitFor(() => expect(caller.received).toMatch(/^HTTP\/1\.1 101 /), patience);
    // What this server and a worker say to one another is for nobody else.
    expect(caller.received.toLowerCase()).not.toContain(handOverHeader);
    let said = toWorker.received;
    taken?.on('data', (chunk) => {
      said += chunk;
    });
    await vi.waitFor(() => expect(said).toBe('behind the upgrade, before the answer, and after it'), patience);
    taken?.write('hello');
    await vi.waitFor(() => expect(caller.received).toMatch(/hello$/), patience);
    expect(message.offer).toMatch(/^ours\/(?!forged)/);
    expect(toWorker.ended).toBe(true);
    // A server waits for its connections before it ends.
    await vi.waitFor(async () => expect(await connections()).toBeLessThan(before), patience);
    expect(caller.ended).toBe(false);
  });

  test('gets a call with the lines that were read to find out which agent it is for', async () => {
    await world.deploy('open', 'none');
    const asked = whenAsked();
    const caller = await world.dial('/ws/twilio');
    const customParameters = { _pipecatCloudServiceHost: 'open.ours' };
    const start = JSON.stringify({ event: 'start', start: { customParameters } });
    caller.send('{"event":"connected"}');
    caller.send(start);
    const { side, take } = await asked;
    const toWorker = collect(side as Socket);
    take();
    const { caller: taken } = await handed();
    // Two masked frames.
    expect(toWorker.received).toHaveLength(6 + 21 + 6 + start.length);
    const heard = once(caller, 'message');
    taken?.write(Buffer.from([0x81, 2, 0x68, 0x69]));
    expect(String((await heard)[0])).toBe('hi');
  });

  test('is told of one that has left by then', async () => {
    const asked = whenAsked();
    const caller = await open();
    const { take } = await asked;
    caller.socket.resetAndDestroy();
    take();
    const { message, caller: taken } = await handed();
    expect(message).toMatchObject({ type: 'hand-over' });
    expect(taken).toBeUndefined();
  });
});

test('a worker that does not take a caller over is sent what it says', async () => {
  const answered = new Promise<Duplex>((resolve) => {
    world.container.upgrades = (side) => {
      side.write(head(`${handOverHeader}: ours/another\r\n`));
      resolve(side);
    };
  });
  const caller = await open('one, ');
  const toWorker = collect((await answered) as Socket);
  caller.socket.write('two');
  await vi.waitFor(() => expect(toWorker.received).toBe('one, two'), patience);
  expect(sent).toEqual([]);
});

test('a caller whose worker has gone with its connection is let go of', async () => {
  const asked = whenAsked();
  const caller = await open();
  const { side, take } = await asked;
  take();
  side.destroy();
  await vi.waitFor(() => expect(caller.ended || sent.length > 0).toBe(true), patience);
});

test('nothing is offered without a supervisor, nor where the keys of the connection stay with this process', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const socket = connect(server.address() as { port: number });
  const offered = (stream: Duplex, supervisor?: string, up: SendUp | undefined = send) =>
    createHandOver(supervisor, up).offer(stream) !== undefined;
  expect(offered(socket, 'ours')).toBe(true);
  expect(offered(socket)).toBe(false);
  expect(offered(new TLSSocket(socket), 'ours')).toBe(false);
  expect(createHandOver('ours', undefined).offer(new Socket())).toBeUndefined();
  socket.destroy();
  server.close();
});

test('the connection is given once the system has all that was said on it, and not where that breaks off', async () => {
  for (const failure of [null, new Error('broken')]) {
    const written = Promise.withResolvers<(error: Error | null) => void>();
    const worker = new Duplex({ read: () => undefined, write: (_chunk, _encoding, done) => written.resolve(done) });
    worker.on('error', () => undefined);
    const client = new Duplex({ read: () => undefined, write: (_chunk, _encoding, done) => done() });
    const handle = { readStop: vi.fn(), close: vi.fn() };
    const give = vi.fn();
    const wanted = { id: 'ours/1', take: () => ({ handle, said: Buffer.from('two') }), give };
    join(client, { socket: worker as Socket, rest: Buffer.alloc(0), wanted }, Buffer.from('head'), Buffer.from('one'));
    const done = await written.promise;
    expect(give).not.toHaveBeenCalled();
    done(failure);
    if (failure) await vi.waitFor(() => expect(handle.close).toHaveBeenCalled(), patience);
    else await vi.waitFor(() => expect(give).toHaveBeenCalledWith(handle), patience);
    expect(give).toHaveBeenCalledTimes(failure ? 0 : 1);
    worker.destroy();
  }
});
