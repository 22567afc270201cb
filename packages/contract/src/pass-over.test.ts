import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { expect, test, vi } from 'vitest';
import { passOver } from './pass-over.js';

test('a caller that goes on past the limit after its answer is cut off', async () => {
  const server = createServer({ keepAliveTimeout: 600_000 }, (request, response) => {
    passOver(request, 1000);
    response.writeHead(413).end();
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const caller = connect((server.address() as AddressInfo).port, '127.0.0.1');
  try {
    caller.on('error', () => undefined);
    caller.write(`POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 5000\r\n\r\n${'x'.repeat(1000)}`);
    const [answer] = await once(caller, 'data');
    expect(String(answer)).toMatch(/^HTTP\/1.1 413 /);
    expect(caller.destroyed).toBe(false);
    caller.resume().write('x');
    await vi.waitFor(() => expect(caller.destroyed).toBe(true), { timeout: 60_000 });
  } finally {
    caller.destroy();
    server.close();
  }
});
