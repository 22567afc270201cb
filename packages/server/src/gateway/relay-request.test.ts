import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, request, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { pino } from 'pino';
import { afterEach, expect, test, vi } from 'vitest';
import type { AppError } from '../errors.js';
import type { HopSigner } from '../workers/hop-signer.js';
import { createRequestRelay } from './relay-request.js';

const patience = { timeout: 60_000 };
const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
});

async function listening(server: Server): Promise<number> {
  await once(server.listen(0, '127.0.0.1'), 'listening');
  ends.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

/** The port at which requests go on to a worker that answers like this. */
async function relayTo(worker: RequestListener, answerMs?: number): Promise<number> {
  const dataUrl = `http://127.0.0.1:${await listening(createServer(worker))}`;
  const hops = { sign: () => 'signed' } as unknown as HopSigner;
  const relay = createRequestRelay({ hops, log: pino({ enabled: false }), ...(answerMs ? { answerMs } : {}) });
  ends.push(relay.close);
  const place = { dataUrl, instanceId: 'i', sessionId: 's', epoch: 1 };
  return listening(
    createServer({ keepAliveTimeout: 600_000 }, (req, res) => {
      relay.relay({ place, path: req.url ?? '/', answerHeaders: {} }, req, res).catch((error: AppError) => {
        res.writeHead(error.status).end();
      });
    }),
  );
}

test('an agent that begins to answer before its request has ended may answer for long', async () => {
  let ended = false;
  const port = await relayTo((req, res) => {
    if (req.url?.endsWith('/silent')) return;
    res.writeHead(200).write('begun');
    req.resume().on('end', () => {
      ended = true;
      ends.push(() => res.end());
    });
  }, 50);
  const sent = request({ port, path: '/early', method: 'POST' });
  sent.write('some');
  const [answer] = (await once(sent, 'response')) as [IncomingMessage];
  const broke = vi.fn();
  answer.on('error', broke).on('close', broke).resume();
  sent.end('more');
  await vi.waitFor(() => expect(ended).toBe(true), patience);
  // Its time is up later than that of the one before.
  const [late] = (await once(request({ port, path: '/silent' }).end(), 'response')) as [IncomingMessage];
  expect(late.resume().statusCode).toBe(504);
  const [later] = (await once(request({ port, path: '/silent' }).end(), 'response')) as [IncomingMessage];
  expect(later.resume().statusCode).toBe(504);
  expect(broke).not.toHaveBeenCalled();
  sent.destroy();
});

test('a caller that is answered before it has sent everything can send the rest, and its next request', async () => {
  const port = await relayTo((req, res) => void res.writeHead(req.method === 'POST' ? 413 : 204).end());
  const caller = connect(port, '127.0.0.1');
  ends.push(() => caller.destroy());
  let received = '';
  caller.on('data', (chunk) => {
    received += chunk;
  });
  const body = Buffer.alloc(8 * 1024 * 1024);
  caller.write(`POST / HTTP/1.1\r\nhost: x\r\ncontent-length: ${body.length + 1}\r\n\r\nx`);
  await vi.waitFor(() => expect(received).toMatch(/^HTTP\/1.1 413 /), patience);
  caller.write(body);
  caller.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
  await vi.waitFor(() => expect(received).toMatch(/HTTP\/1.1 204 /), patience);
});
