import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { expect, test } from 'vitest';
import { createHandshakes } from './handshakes.js';
import { createSocketGateway } from './sockets.js';

test('one source takes a part of the places only, however many addresses of its network it uses', () => {
  const handshakes = createHandshakes({ atOnce: 10, ofOneSource: 3 });
  const leave = [1, 2, 3].map((n) => handshakes.enter(`2001:db8:1:1::${n}`));
  expect(() => handshakes.enter('2001:db8:1:1::4')).toThrow('Too many calls from 2001:db8:1:1::4');
  handshakes.enter('198.51.100.1');
  leave[0]?.();
  handshakes.enter('2001:db8:1:1::4');
  expect(() => handshakes.enter('2001:db8:1:1::5')).toThrow('Too many calls from');
});

test('all together are limited too, and a place that was left is free', () => {
  const handshakes = createHandshakes({ atOnce: 3, ofOneSource: 2 });
  const [leave] = [1, 2, 3].map((n) => handshakes.enter(`198.51.100.${n}`));
  expect(() => handshakes.enter('198.51.100.4')).toThrow('Too many calls are being set up');
  leave?.();
  handshakes.enter('198.51.100.4');
});

test('a call of Twilio has a place from its upgrade until its start message, or until it is no call', async () => {
  const needed = { handshakes: createHandshakes({ ofOneSource: 1 }), addressOf: () => '198.51.100.1' };
  const sockets = createSocketGateway(needed as unknown as Parameters<typeof createSocketGateway>[0]);
  const server = createServer().on('upgrade', (request, socket, head) => sockets.handle(request, socket, head));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const call = async (version = '13') => {
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    const key = Buffer.alloc(16).toString('base64');
    const headers = `connection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: ${version}\r\nsec-websocket-key: ${key}`;
    socket.write(`GET /ws/twilio HTTP/1.1\r\nhost: x\r\n${headers}\r\n\r\n`);
    const status = await new Promise<string>((resolve) =>
      socket.once('data', (chunk) => resolve(String(chunk).slice(9, 12))),
    );
    return { socket, status };
  };
  try {
    expect((await call('8')).status).toBe('400');
    const first = await call();
    expect(first.status).toBe('101');
    expect((await call()).status).toBe('429');
    // For which it is closed.
    first.socket.resume().write('no frame');
    await new Promise((resolve) => first.socket.once('close', resolve));
    const again = await call();
    expect(again.status).toBe('101');
    again.socket.destroy();
  } finally {
    server.close();
  }
});
