import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { isHandOver, socketOf, takeOut } from './hand-over.js';

let server: Server;
let near: Socket;
let accepted: Socket;
beforeEach(async () => {
  server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const connection = once(server, 'connection');
  near = connect((server.address() as AddressInfo).port, '127.0.0.1');
  [accepted] = (await connection) as [Socket];
});
afterEach(() => {
  near.destroy();
  server.close();
});

test('a connection is taken out with what was read of it, and its server is free to end', async () => {
  accepted.pause();
  near.write('one');
  await vi.waitFor(() => expect(accepted.readableLength).toBe(3), { timeout: 60_000 });
  const closed = once(accepted, 'close');
  const ended = once(server.close(), 'close');
  const { handle, said } = takeOut(accepted) ?? expect.fail('it is closed');
  expect(String(said)).toBe('one');
  await Promise.all([closed, ended]);
  near.write('two');
  const again = socketOf(handle);
  expect(String((await once(again, 'data'))[0])).toBe('two');
  // Its other side may have no more to say, and hears the rest.
  near.end();
  await once(again, 'end');
  again.end('three');
  expect(String((await once(near, 'data'))[0])).toBe('three');
});

test('one that is closed is not taken out, nor one that was told its last word', () => {
  accepted.end('no');
  expect(takeOut(accepted)).toBeUndefined();
  accepted.destroy();
  expect(takeOut(accepted)).toBeUndefined();
});

test.each([[undefined], [null], ['hand-over'], [{ type: 'ready' }]])('%j is no hand-over', (message) => {
  expect(isHandOver(message)).toBe(false);
});
