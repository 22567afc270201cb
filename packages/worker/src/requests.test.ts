import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { probe } from './instances/health.js';
import { holdBot } from './instances/session-holder.js';
import { createBotReceived } from './relay/bot-received.js';
import type { AllowedHop } from './relay/hop.js';
import { openRequest, responseTo } from './requests.js';

/** Switches protocols though nobody asked for it, which Node tells as nothing but the request's close. */
const server = createServer((request) => {
  request.socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: other\r\n\r\n');
});
let address: string;
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => server.close());

test('a control plane that switches protocols unasked has not answered', async () => {
  await expect(openRequest(address, {}).then(responseTo)).rejects.toThrow(/no answer/);
});

test('nor is an instance ready that does', async () => {
  expect(await probe(address, 60_000)).toBe('silent');
});

test('nor has one taken a session that does so before it has read the request', async () => {
  // More than the system takes for a server that reads nothing.
  const body = { text: 'x'.repeat(32 * 1024 * 1024) };
  const activation = { sessionId: 's-1', body, maxSessionSeconds: 1 } as Parameters<typeof holdBot>[2];
  await expect(holdBot({ runs: undefined }, { id: 'i-1', address }, activation)).rejects.toThrow(
    /closed the connection/,
  );
});

test('and no offer waits for it', async () => {
  const hop = { tenancy: {}, address, path: '/api/offer' } as AllowedHop;
  await createBotReceived().before(hop);
});
