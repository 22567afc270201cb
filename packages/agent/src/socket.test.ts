import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { createAgentSocket } from './socket.js';
import { until } from './testing/agent-process.js';
import type { AgentSocket } from './types.js';

const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});

/** A real pair: the agent's end wrapped, the client's end bare. */
async function pair(options: { pingMs?: number; autoPong?: boolean } = {}) {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const sockets = new WebSocketServer({ server });
  const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const client = new WebSocket(url, { autoPong: options.autoPong ?? true });
  const [ws] = (await once(sockets, 'connection')) as [WebSocket];
  const codes: number[] = [];
  const { pingMs } = options;
  const socket = createAgentSocket({ ws, onClose: (code) => codes.push(code), ...(pingMs && { pingMs }) });
  if (client.readyState !== client.OPEN) await once(client, 'open');
  cleanups.push(() => {
    client.terminate();
    ws.terminate();
    sockets.close();
    server.close();
  });
  return { socket, client, ws, codes };
}

async function read(socket: AgentSocket): Promise<(string | Buffer)[]> {
  const frames: (string | Buffer)[] = [];
  for await (const frame of socket) frames.push(frame);
  return frames;
}

test('frames that came before the reader, or with the close, are all read', async () => {
  const { socket, client, codes } = await pair();
  for (const frame of ['a', Buffer.from([1, 2]), 'c']) client.send(frame);
  client.close(4002);
  await until('the close', () => codes.length > 0);
  expect(await read(socket)).toEqual(['a', Buffer.from([1, 2]), 'c']);
  expect(codes).toEqual([4002]);
});

test('a sender is held back while nobody reads, and nothing is lost', async () => {
  const { socket, client, ws } = await pair();
  for (let n = 0; n < 2000; n += 1) client.send(String(n));
  await until('backpressure', () => ws.isPaused);
  client.close();
  expect(await read(socket)).toEqual(Array.from({ length: 2000 }, (_, n) => String(n)));
});

test('sending on a closed socket says so instead of throwing', async () => {
  const { socket, client, codes } = await pair();
  expect(await socket.send('x')).toBe(true);
  client.terminate();
  await until('the close', () => codes.length > 0);
  expect(socket.open).toBe(false);
  expect(await socket.send('x')).toBe(false);
  socket.close();
});

test('a socket that is held back can still be closed', async () => {
  const { socket, client, ws, codes } = await pair();
  for (let n = 0; n < 2000; n += 1) client.send(String(n));
  await until('backpressure', () => ws.isPaused);
  socket.close(1001);
  await until('the close', () => codes.length > 0);
  expect(codes).toEqual([1001]);
});

test('a peer that answers no ping is gone, one that answers stays', async () => {
  const silent = await pair({ pingMs: 20, autoPong: false });
  const lively = await pair({ pingMs: 20 });
  let pings = 0;
  lively.client.on('ping', () => {
    pings += 1;
  });
  await until('the silent one to be dropped', () => silent.codes.length > 0);
  expect(silent.codes).toEqual([1006]);
  await until('several pings', () => pings > 3);
  expect(lively.socket.open).toBe(true);
});
