import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { systemClock } from '../system.js';
import { createFakeWorker, type FakeWorker } from '../testing/fake-worker.js';
import { type Harness, harness, type Member } from '../testing/harness.js';

const until = <T>(look: () => T | Promise<T>) => vi.waitFor(look, { interval: 20 });
const services = '/v1/organizations/ours/services';

describe('traces of starts', () => {
  let server: Harness;
  let worker: FakeWorker;
  let admin: Member;

  beforeEach(async () => {
    server = await harness({ clock: systemClock });
    const url = await server.http.listen({ port: 0, host: '127.0.0.1' });
    await server.enrolment.offer(server.config.workerEnrolmentFile);
    worker = await createFakeWorker({ url, enrolmentFile: server.config.workerEnrolmentFile });
    admin = await (await server.organization('ours')).member('admin');
  });
  afterEach(async () => {
    worker.disconnect();
    await server.end();
  });

  const call = (method: 'GET' | 'POST', path: string, body?: unknown) =>
    server.call(admin.token, method, services + path, body);
  const trace = async (id: string) => (await call('GET', `/bot/sessions/${id}/trace`)).body;
  async function deploy(minAgents: number, maxAgents: number): Promise<void> {
    const order = { serviceName: 'bot', image: 'example/bot:1', autoScaling: { minAgents, maxAgents } };
    expect((await call('POST', '', order)).status).toBe(200);
    await until(async () => expect((await call('GET', '/bot')).body.body.ready).toBe(true));
  }

  test('a warm start waited for nothing but the claim and its acceptance', async () => {
    await deploy(1, 1);
    await until(async () => expect((await call('GET', '/bot/capacity')).body.idle).toBe(1));
    const { sessionId } = (await call('POST', '/bot/sessions', {})).body;
    const found = await trace(sessionId);
    expect(found).toMatchObject({ sessionId, coldStart: false, coldReason: null, outcome: 'started', error: null });
    expect(found.steps.map(({ step }: { step: string }) => step)).toEqual(['queue', 'claim', 'activate']);
    const sum = found.steps.reduce((total: number, { ms }: { ms: number }) => total + ms, 0);
    expect(Math.abs(sum - found.totalMs)).toBeLessThanOrEqual(3);
    worker.report({ type: 'session-connected', sessionId, at: new Date().toISOString() });
    worker.report({ type: 'session-connected', sessionId, at: new Date().toISOString() });
    await until(async () => expect((await trace(sessionId)).steps.at(-1).step).toBe('connect'));
    // Also once it stands in the database.
    await until(async () => expect(await server.store.traces.find(sessionId)).toBeDefined());
    expect((await trace(sessionId)).steps).toHaveLength(4);
  });

  test('a trace is found while it is being written', async () => {
    await deploy(1, 1);
    let finish = () => {};
    const saved = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const save = vi.spyOn(server.store.traces, 'save').mockReturnValue(saved);
    await until(async () => expect((await call('POST', '/bot/sessions', {})).status).toBe(200));
    await until(() => expect(save).toHaveBeenCalled());
    const [[written]] = save.mock.calls[0] ?? [[]];
    expect((await call('GET', `/bot/sessions/${written?.sessionId}/trace`)).status).toBe(200);
    finish();
  });

  test('a cold start says why, and how long its image and its boot took', async () => {
    await deploy(0, 2);
    worker.behaviour.starts = 'never';
    expect((await call('POST', '/bot/sessions', {})).status).toBe(200);
    const starting = call('POST', '/bot/sessions', {});
    const [instance] = await until(() => {
      const found = [...worker.instances.values()].filter(({ state }) => state === 'starting');
      expect(found).toHaveLength(1);
      return found;
    });
    worker.instances.set(instance?.instanceId ?? '', { ...instance, state: 'ready' } as never);
    worker.observe();
    const { sessionId } = (await starting).body;
    const found = await until(async () => {
      const one = await trace(sessionId);
      expect(one.coldReason).not.toBeNull();
      return one;
    });
    expect(found.coldStart).toBe(true);
    expect(found.coldReason).toMatch(
      /^No instance was idle: 1 of 2 busy, .*the agent keeps none warm \(min_agents is 0\)$/,
    );
    expect(found.steps.map(({ step }: { step: string }) => step)).toEqual([
      'queue',
      'claim',
      'prepare',
      'boot',
      'activate',
    ]);
  });

  test('a start that failed says at which step, and a session without a trace has none', async () => {
    await deploy(0, 2);
    worker.behaviour.starts = 'failed';
    expect((await call('POST', '/bot/sessions', {})).status).toBe(200);
    expect((await call('POST', '/bot/sessions', {})).status).toBe(500);
    const [session] = (await call('GET', '/bot/sessions')).body.sessions;
    const found = await until(async () => {
      const one = await trace(session.sessionId);
      expect(one.outcome).toBe('failed');
      return one;
    });
    expect(found.error).toContain('it was told to fail');
    expect(found.steps.at(-1)).toMatchObject({ step: 'prepare', ms: null });
    expect((await call('GET', `/bot/sessions/${crypto.randomUUID()}/trace`)).status).toBe(404);
  });
});
