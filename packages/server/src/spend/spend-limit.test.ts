import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { systemIds } from '../system.js';
import { scratchDatabases } from '../testing/databases.js';
import { createFakeWorker, type FakeWorker } from '../testing/fake-worker.js';
import { createFakeClock, type Harness, harness, type Member } from '../testing/harness.js';

const until = <T>(look: () => T | Promise<T>) => vi.waitFor(look, { interval: 20 });

describe.each(scratchDatabases)('a spend limit on $name', ({ create }) => {
  let server: Harness;
  let url: string;
  let worker: FakeWorker;
  let admin: Member;
  let publicKey: string;
  let drop: () => Promise<void>;
  const clock = createFakeClock(new Date().toISOString());

  beforeEach(async () => {
    const scratch = await create();
    drop = scratch.drop;
    server = await harness({
      ...{ clock, ids: systemIds, environment: { PIPECAT_CLOUD_SESSION_MINUTE_CENTS: '2' } },
      ...(scratch.url ? { databaseUrl: scratch.url } : {}),
    });
    url = await server.http.listen({ port: 0, host: '127.0.0.1' });
    await server.enrolment.offer(server.config.workerEnrolmentFile);
    worker = await createFakeWorker({ url, enrolmentFile: server.config.workerEnrolmentFile });
    admin = await (await server.organization('ours')).member('admin');
    publicKey = (await call('POST', '/apiKeys', { name: 'web', type: 'public' })).body.key;
    await call('POST', '/services', { serviceName: 'bot', image: 'x:1', websocketAuth: 'none' });
    await until(async () => expect((await call('GET', '/services/bot')).body.body.ready).toBe(true));
  });
  afterEach(async () => {
    worker.disconnect();
    await server.end();
    await drop();
  });

  const call = (method: 'GET' | 'POST' | 'PUT', path: string, body?: unknown) =>
    server.call(admin.token, method, `/v1/organizations/ours${path}`, body);
  const start = (body: object = {}) => server.call(publicKey, 'POST', '/v1/public/bot/start', body);
  const limit = async () => (await call('GET', '/spend-limit')).body;

  test('is reached by a session that goes on, and lets nothing begin on any way', async () => {
    expect((await call('PUT', '/spend-limit', { limitCents: 10 })).body).toMatchObject({
      limitCents: 10,
      blocked: false,
    });
    const first = await start();
    expect(first.status).toBe(200);
    clock.advance(5 * 60_000);
    expect(await limit()).toMatchObject({ currentSpendCents: 10, blocked: true });

    for (const body of [{}, { transport: 'webrtc' }, { transport: 'websocket' }]) {
      const refused = await start(body);
      expect([refused.status, refused.body]).toMatchObject([
        402,
        { code: 'SPEND_LIMIT_REACHED', limitCents: 10, currentSpendCents: 10, info: refused.body.error },
      ]);
    }
    expect((await call('POST', '/services/bot/sessions', {})).status).toBe(402);
    const upgrade = await new Promise((resolve) => {
      const socket = new WebSocket(`${url.replace('http', 'ws')}/ws/generic/bot.ours`);
      socket.once('unexpected-response', (request, response) => {
        request.destroy();
        resolve(response.statusCode);
      });
      socket.on('error', () => {});
    });
    expect(upgrade).toBe(402);
    expect(worker.activations()).toHaveLength(1);
    const session = await call('GET', `/services/bot/sessions/${first.body.sessionId}`);
    expect(session.body.state).toBe('active');

    // What ended is charged once, and stays charged.
    worker.endSession(first.body.sessionId, 'completed', 'ready', clock.now());
    await until(() => expect(worker.unacknowledged.size).toBe(0));
    expect((await limit()).blocked).toBe(true);
    expect((await call('PUT', '/spend-limit', { limitCents: null })).body).toMatchObject({
      limitCents: null,
      blocked: false,
    });
    expect((await start()).status).toBe(200);
  });

  test.each([{}, { limitCents: -1 }, { limitCents: 1.5 }, { limitCents: '10' }, { limitCents: 1e15 }])(
    '%j is no limit',
    async (body) => {
      expect((await call('PUT', '/spend-limit', body)).status).toBe(400);
      expect((await limit()).limitCents).toBeNull();
    },
  );

  test('a member without the right sees it and may not set it', async () => {
    const viewer = await (await server.organization('second')).member('viewer');
    const as = (method: 'GET' | 'PUT', body?: object) =>
      server.call(viewer.token, method, '/v1/organizations/second/spend-limit', body);
    expect((await as('GET')).status).toBe(200);
    expect((await as('PUT', { limitCents: 1 })).status).toBe(403);
  });
});
