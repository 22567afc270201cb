import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { systemClock } from '../system.js';
import { scratchDatabases } from '../testing/databases.js';
import { createFakeWorker, type FakeWorker } from '../testing/fake-worker.js';
import { type Harness, harness, type Member, type TestOrganization } from '../testing/harness.js';

const until = <T>(look: () => T | Promise<T>) => vi.waitFor(look, { interval: 20 });
const services = '/v1/organizations/ours/services';

describe.each(scratchDatabases)('sessions on $name', ({ create }) => {
  let server: Harness;
  let worker: FakeWorker;
  let org: TestOrganization;
  let admin: Member;
  let drop: () => Promise<void>;

  beforeEach(async () => {
    const scratch = await create();
    drop = scratch.drop;
    server = await harness({
      clock: systemClock,
      ...(scratch.url ? { databaseUrl: scratch.url } : {}),
    });
    const url = await server.http.listen({ port: 0, host: '127.0.0.1' });
    await server.enrolment.offer(server.config.workerEnrolmentFile);
    worker = await createFakeWorker({ url, enrolmentFile: server.config.workerEnrolmentFile });
    org = await server.organization('ours');
    admin = await org.member('admin');
  });
  afterEach(async () => {
    worker.disconnect();
    await server.end();
    await drop();
  });

  const call = (method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown) =>
    server.call(admin.token, method, services + path, body);
  const status = async () => (await call('GET', '/bot')).body.body;
  const slots = async () => await server.store.slots.listOfAgent(org.id, (await status()).id);
  const start = () => call('POST', '/bot/sessions', {});

  async function deploy(
    scaling: { minAgents?: number; maxAgents?: number },
    method: 'POST' | 'PUT' = 'POST',
    more: object = {},
  ) {
    const answer = await call(method, '', {
      serviceName: 'bot',
      image: 'example/bot:1',
      autoScaling: scaling,
      ...more,
    });
    expect(answer.status).toBe(200);
    return answer.body;
  }
  const ready = () => until(async () => expect((await status()).ready).toBe(true));
  const ended = (id: string) =>
    until(async () => expect((await call('GET', `/bot/sessions/${id}`)).body.state).toBe('ended'));
  const idleAgain = () =>
    until(async () =>
      expect((await slots()).filter(({ state, spare }) => state === 'ready' && !spare).length).toBeGreaterThan(0),
    );

  test('a start without a body, or with null, is one without wishes', async () => {
    await deploy({ maxAgents: 2 });
    await ready();
    const address = `${services}/bot/sessions`;
    for (const request of [{}, { payload: 'null', headers: { 'content-type': 'application/json' } }]) {
      const { headers, ...rest } = { headers: {}, ...request };
      const authorization = `Bearer ${admin.token}`;
      const answer = await server.http.inject({
        method: 'POST',
        url: address,
        headers: { authorization, ...headers },
        ...rest,
      });
      expect(answer.json()).toEqual({ sessionId: expect.any(String) });
    }
  });

  test('concurrent starts never exceed max agents, and those refused say why', async () => {
    await deploy({ maxAgents: 3 });
    await ready();
    const answers = await Promise.all(Array.from({ length: 10 }, start));
    const started = answers.filter(({ status: code }) => code === 200);
    const refused = answers.filter(({ status: code }) => code !== 200);
    expect(started).toHaveLength(3);
    for (const { status: code, body, headers } of refused) {
      expect(code).toBe(429);
      expect(body).toMatchObject({ code: '429', reason: 'PCC-AGENT-AT-CAPACITY', status: 429 });
      expect(headers['retry-after']).toBeTruthy();
    }
    const activations = worker.activations();
    expect(new Set(activations.map(({ instanceId }) => instanceId)).size).toBe(3);
    expect(activations.map(({ sessionId }) => sessionId).sort()).toEqual(
      started.map(({ body }) => body.sessionId).sort(),
    );
  });

  test('an instance serves one session after another, each with a greater epoch', async () => {
    await deploy({ minAgents: 1, maxAgents: 1 });
    await ready();
    const first = (await start()).body.sessionId;
    expect((await start()).status).toBe(429);
    worker.endSession(first, 'completed');
    await ended(first);
    await idleAgain();
    const second = (await start()).body.sessionId;
    const [a, b] = worker.activations();
    expect([a?.sessionId, b?.sessionId]).toEqual([first, second]);
    expect(b?.instanceId).toBe(a?.instanceId);
    expect(b?.epoch).toBeGreaterThan(a?.epoch ?? 0);
  });

  test('an instance whose bot may still run is not offered until its worker says that it is done', async () => {
    await deploy({ minAgents: 1, maxAgents: 1 });
    await ready();
    const { sessionId } = (await start()).body;
    worker.endSession(sessionId, 'socket_closed', 'settling');
    await ended(sessionId);
    expect((await start()).status).toBe(429);
    for (const [id, instance] of worker.instances) worker.instances.set(id, { ...instance, state: 'ready' });
    worker.observe();
    await idleAgain();
    expect((await start()).status).toBe(200);
  });

  test('an end that is reported twice is recorded once, and an old one ends nothing', async () => {
    await deploy({ minAgents: 1, maxAgents: 1 });
    await ready();
    const { sessionId } = (await start()).body;
    const [held] = worker.activations();
    const end = {
      type: 'session-ended',
      sessionId,
      instanceId: held?.instanceId ?? '',
      epoch: held?.epoch ?? 0,
      at: new Date().toISOString(),
    } as const;
    worker.report({ ...end, epoch: end.epoch - 1, reason: 'bot_failed' });
    await until(() => expect(worker.unacknowledged.size).toBe(0));
    expect((await call('GET', `/bot/sessions/${sessionId}`)).body.state).toBe('active');
    worker.endSession(sessionId, 'completed');
    worker.report({ ...end, reason: 'instance_exited' });
    await until(() => expect(worker.unacknowledged.size).toBe(0));
    expect((await call('GET', `/bot/sessions/${sessionId}`)).body).toMatchObject({
      completionStatus: 'HTTP_COMPLETED',
      endReason: 'completed',
    });
  });

  test('an answer that was lost is resolved: the same instance, one activation that counts', async () => {
    await deploy({ minAgents: 1, maxAgents: 2 });
    await ready();
    worker.behaviour.answers = false;
    const starting = start();
    await until(() => expect(worker.activations()).toHaveLength(1));
    worker.behaviour.answers = true;
    worker.disconnect();
    await worker.connect();
    const { status: code, body } = await starting;
    expect(code).toBe(200);
    expect(new Set(worker.activations().map(({ instanceId, epoch }) => `${instanceId} ${epoch}`)).size).toBe(1);
    expect(
      [...worker.instances.values()].filter((instance) => instance.sessionId).map((instance) => instance.sessionId),
    ).toEqual([body.sessionId]);
  });

  test('a deploy leaves a running session alone, and the older instance goes at its end', async () => {
    const first = await deploy({ minAgents: 1, maxAgents: 1 });
    await ready();
    const { sessionId } = (await start()).body;
    const second = await deploy({ minAgents: 1, maxAgents: 1 }, 'PUT', { image: 'example/bot:2' });
    expect(second.desiredDeploymentId).not.toBe(first.desiredDeploymentId);
    expect(second).toMatchObject({ ready: false, activeDeploymentReady: false, available: true });
    await ready();
    expect((await call('GET', `/bot/sessions/${sessionId}`)).body.state).toBe('active');
    const old = worker.activations()[0]?.instanceId ?? '';
    worker.endSession(sessionId, 'completed');
    await until(() => expect(worker.instances.has(old)).toBe(false));
    await idleAgain();
    expect((await start()).status).toBe(200);
    expect(worker.activations().at(-1)?.instanceId).not.toBe(old);
  });

  test('a deployment that cannot start fails with its reason, and the last good one keeps serving', async () => {
    await deploy({ maxAgents: 2 });
    await ready();
    worker.behaviour.starts = 'failed';
    await deploy({ maxAgents: 2 }, 'PUT', { image: 'example/bot:broken' });
    await until(async () =>
      expect((await status()).errors).toEqual([{ code: 'PCC_UNKNOWN_ERROR', message: 'it was told to fail' }]),
    );
    expect(await status()).toMatchObject({ available: true, ready: false });
    worker.behaviour.starts = 'ready';
    expect((await start()).status).toBe(200);
    const { errors } = await deploy({ maxAgents: 2 }, 'PUT', { image: 'example/bot:3' });
    expect(errors).toEqual([]);
  });

  test('an agent that never became ready refuses with PCC-1001', async () => {
    worker.behaviour.starts = 'never';
    await deploy({});
    const { status: code, body } = await start();
    expect([code, body.code]).toEqual([400, 'PCC-1001']);
  });

  test('the same deploy again changes nothing and says so; forced, it is a new one', async () => {
    const first = await deploy({ maxAgents: 1 });
    await ready();
    const again = await deploy({ maxAgents: 1 }, 'PUT');
    expect(again.warning).toContain('--force');
    expect(again.desiredDeploymentId).toBe(first.desiredDeploymentId);
    expect((await deploy({ maxAgents: 2 }, 'PUT')).desiredDeploymentId).toBe(first.desiredDeploymentId);
    expect((await deploy({ maxAgents: 2 }, 'PUT', { forceRedeploy: true })).desiredDeploymentId).not.toBe(
      first.desiredDeploymentId,
    );
  });

  test('fewer max agents: running sessions go on, none is added until there is room', async () => {
    await deploy({ maxAgents: 3 });
    await ready();
    const sessions = [];
    for (let n = 0; n < 3; n++) sessions.push((await start()).body.sessionId);
    await deploy({ maxAgents: 1 }, 'PUT');
    worker.endSession(sessions[0], 'completed');
    await ended(sessions[0]);
    expect((await start()).status).toBe(429);
    worker.endSession(sessions[1], 'completed');
    await ended(sessions[1]);
    expect((await start()).status).toBe(429);
    worker.endSession(sessions[2], 'completed');
    await until(async () => expect((await slots()).filter(({ spare }) => !spare)).toHaveLength(1));
    await until(async () => expect((await start()).status).toBe(200));
  });

  test('stop ends the session at once, a second time it is not found', async () => {
    await deploy({ minAgents: 1, maxAgents: 1 });
    await ready();
    const { sessionId } = (await start()).body;
    const { status: code, body } = await call('DELETE', `/bot/sessions/${sessionId}`);
    expect([code, body]).toEqual([200, { status: 'terminated', session_id: sessionId }]);
    expect((await call('GET', `/bot/sessions/${sessionId}`)).body).toMatchObject({
      state: 'ended',
      endReason: 'stopped',
    });
    expect((await call('DELETE', `/bot/sessions/${sessionId}`)).status).toBe(404);
    const records = await server.store.audit.search(org.id, { target: sessionId }, { limit: 10 });
    expect(records.map(({ action, actorId }) => [action, actorId])).toEqual([
      ['session.stopped', admin.userId],
      ['session.started', admin.userId],
    ]);
  });

  test('a token for a socket is in the audit log, with who had it made', async () => {
    await deploy({ minAgents: 1, maxAgents: 1 });
    await ready();
    const { body } = await call('POST', '/bot/sessions', { transport: 'websocket' });
    expect(await server.store.audit.list(org.id, 1)).toMatchObject([
      {
        action: 'session.socket_token_issued',
        target: body.sessionId,
        actorId: admin.userId,
        detail: { agent: 'bot' },
      },
    ]);
  });

  test('a deleted agent frees its name, lets its session end and leaves nothing behind', async () => {
    await deploy({ minAgents: 2, maxAgents: 2 });
    await ready();
    const { sessionId } = (await start()).body;
    expect((await call('DELETE', '/bot')).body).toEqual({ status: 'OK' });
    expect((await call('GET', '/bot')).status).toBe(404);
    await until(() =>
      expect([...worker.instances.values()].map((instance) => instance.sessionId)).toEqual([sessionId]),
    );
    worker.endSession(sessionId, 'completed');
    await until(() => expect(worker.instances.size).toBe(0));
    await until(async () => expect(await server.store.slots.listAll()).toEqual([]));
    await deploy({});
  });

  test('a session that outlives its agent is found and stopped by the name that it had, until it has ended', async () => {
    await deploy({ minAgents: 1, maxAgents: 1 });
    await ready();
    const { sessionId } = (await start()).body;
    await call('DELETE', '/bot');
    const path = `/bot/sessions/${sessionId}`;
    expect((await call('GET', path)).body).toMatchObject({ state: 'active' });
    // Another agent has the name now.
    await deploy({});
    expect((await call('DELETE', `/other/sessions/${sessionId}`)).status).toBe(404);
    expect((await call('DELETE', path)).body).toEqual({ status: 'terminated', session_id: sessionId });
    await until(() =>
      expect([...worker.instances.values()].filter((instance) => instance.sessionId === sessionId)).toEqual([]),
    );
    for (const method of ['GET', 'DELETE'] as const) expect((await call(method, path)).status).toBe(404);
  });

  test('what runs without a slot is removed', async () => {
    worker.instances.set('orphan', { instanceId: 'orphan', state: 'ready', epoch: 0 });
    worker.observe();
    await until(() => expect(worker.instances.has('orphan')).toBe(false));
  });
});
