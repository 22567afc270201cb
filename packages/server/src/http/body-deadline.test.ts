import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import type { FastifyInstance } from 'fastify';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Principal } from '../access/principal.js';
import { uploadRoutes } from '../builds/upload-routes.js';
import type { UploadService } from '../builds/upload-service.js';
import type { RequestRelay } from '../gateway/relay-request.js';
import { sessionProxy } from '../gateway/session-proxy.js';
import { createHttp } from './server.js';

let app: FastifyInstance;
let port: number;
let answerHeld: () => void = () => undefined;
beforeEach(async () => {
  app = createHttp(pino({ enabled: false }), { bodyDeadlineMs: 20 });
  app.addHook('onRequest', async (request) => {
    request.principal = { kind: 'apiKey', organizationId: 'o' } as Principal;
    if (request.url === '/refused') throw Object.assign(new Error('No'), { statusCode: 403 });
  });
  app.post('/gathered', async ({ body }) => body);
  app.route({
    method: ['GET', 'POST'],
    url: '/held',
    handler: () =>
      new Promise((resolve) => {
        answerHeld = () => resolve({ held: true });
      }),
  });
  await app.register(sessionProxy, {
    places: { find: async () => ({ dataUrl: '', instanceId: 'i', sessionId: 's', epoch: 1 }) },
    relay: { relay: async (_order, req, res) => void res.end(await text(req)) } as RequestRelay,
  });
  await app.register(uploadRoutes, { uploads: {} as UploadService });
  port = Number(new URL(await app.listen({ port: 0, host: '127.0.0.1' })).port);
});
afterEach(() => app.close());

/** A request whose body has so many bytes, of which these are sent. */
function begin(line: string, body: string, length: number, type = 'application/json'): Socket {
  const socket = connect(port, '127.0.0.1');
  const head = ['host: x', `content-type: ${type}`, `content-length: ${length}`];
  socket.write(`${line} HTTP/1.1\r\n${head.join('\r\n')}\r\n\r\n${body}`);
  return socket;
}

/** Later than the deadline of all that was sent before. */
const pastDeadline = () => text(begin('POST /gathered', '"', 4));

test('a body that does not arrive is a 408, and its connection ends', async () => {
  const answer = await pastDeadline();
  expect(answer).toMatch(/^HTTP\/1\.1 408 /);
  expect(answer).toContain('"code":"408"');
});

test('one that does is answered, however long that takes', async () => {
  const socket = begin('POST /held', '"ab"', 4);
  await pastDeadline();
  answerHeld();
  await expect.poll(() => String(socket.read() ?? '')).toContain('{"held":true}');
  socket.destroy();
});

test.each(['GET /held', 'POST /refused'])(
  '%s ends where its body stays away, with nobody who waits for it',
  async (line) => {
    expect(await text(begin(line, '"', 4))).not.toContain('408');
  },
);

test('a body that nobody reads disturbs nobody', async () => {
  const socket = begin('GET /held', '"ab"', 4);
  await pastDeadline();
  answerHeld();
  await expect.poll(() => String(socket.read() ?? '')).toContain('{"held":true}');
  socket.destroy();
});

test('what is read as it comes may take its time: requests to agents', async () => {
  const socket = begin('POST /v1/public/bot/sessions/1/own', 'be', 5);
  await pastDeadline();
  socket.write('gun');
  await expect.poll(() => String(socket.read() ?? '')).toMatch(/begun$/);
  socket.destroy();
});

test('what is read as it comes may take its time: uploads', async () => {
  const form = '--b\r\ncontent-disposition: form-data; name="key"\r\n\r\nx\r\n--b--\r\n';
  const socket = begin('POST /v1/uploads', form.slice(0, 20), form.length, 'multipart/form-data; boundary=b');
  await pastDeadline();
  socket.write(form.slice(20));
  await expect.poll(() => String(socket.read() ?? '')).toContain('The upload has no file');
  socket.destroy();
});
