import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { scratchDatabases } from '../testing/databases.js';
import { openPoolWorld, type PoolWorld, until } from '../testing/pool-world.js';

describe.each(scratchDatabases)('starting where all places are taken, and starting once, on $name', (database) => {
  let world: PoolWorld;
  beforeEach(async () => {
    world = await openPoolWorld(database);
  });
  afterEach(() => world.close());

  const activated = () => world.worker.activations().map(({ sessionId }) => sessionId);
  const read = async (answer: Response | Promise<Response>) => (await (await answer).json()) as Record<string, unknown>;

  test('whoever waits gets the place that becomes free, first come, first served; nobody overtakes', async () => {
    await world.deploy({ minAgents: 1, maxAgents: 1 });
    const { sessionId } = (await world.start()).body;
    const order: string[] = [];
    const wait = async (name: string) => {
      const answer = await world.start({ waitSeconds: 60 });
      order.push(name);
      return answer.body.sessionId as string;
    };
    const waiting = (count: number) => until(async () => expect((await world.capacity()).waiting).toBe(count));
    const first = wait('first');
    await waiting(1);
    const second = wait('second');
    await waiting(2);
    world.worker.endSession(sessionId, 'completed');
    const got = await first;
    expect(order).toEqual(['first']);
    await waiting(1);
    expect((await world.start()).status).toBe(429);
    world.worker.endSession(got, 'completed');
    await second;
    expect(order).toEqual(['first', 'second']);
    expect(activated()).toHaveLength(3);
  });

  test('a wait that is over is refused with what to do and an honest time; one whose caller went takes no place', async () => {
    await world.deploy({ minAgents: 1, maxAgents: 1 });
    const { sessionId } = (await world.start()).body;
    const refused = await world.startAs({ waitSeconds: 1 });
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await read(refused)).toMatchObject({
      code: '429',
      status: 429,
      reason: 'PCC-AGENT-AT-CAPACITY',
      error: expect.stringMatching(/all 1 of its agents are taken.*about \d+ s.*waitSeconds/),
    });
    const gone = new AbortController();
    const waiting = world.startAs({ waitSeconds: 60 }, {}, gone.signal).catch(() => 'gone');
    await until(async () => expect((await world.capacity()).waiting).toBe(1));
    gone.abort();
    expect(await waiting).toBe('gone');
    await until(async () => expect((await world.capacity()).waiting).toBe(0));
    world.worker.endSession(sessionId, 'completed');
    await until(async () => expect((await world.capacity()).idle).toBe(1));
    expect(activated()).toEqual([sessionId]);
    expect((await world.start({ waitSeconds: 301 })).status).toBe(400);
  });

  test('the same key and request is one session, at the same time and later; another request with it is refused', async () => {
    await world.deploy({ minAgents: 2, maxAgents: 3 });
    const key = { 'idempotency-key': 'order 66' };
    const body = { body: { caller: 'a' } };
    const answers = await Promise.all([1, 2, 3].map(() => read(world.startAs(body, key))));
    expect(new Set(answers.map(({ sessionId }) => sessionId)).size).toBe(1);
    expect(activated()).toHaveLength(1);
    const other = await world.startAs({ body: { caller: 'b' } }, key);
    expect(other.status).toBe(422);
    expect(await read(other)).toMatchObject({
      code: 'IDEMPOTENCY_KEY_REUSED',
      error: expect.stringContaining('order 66'),
    });
    const [first] = answers;
    world.worker.endSession(String(first?.sessionId), 'completed');
    await until(async () => expect((await world.session(String(first?.sessionId))).state).toBe('ended'));
    // How long the caller would wait is no part of the request.
    expect(await read(world.startAs({ ...body, waitSeconds: 5 }, key))).toEqual(first);
    expect((await read(world.startAs(body, { 'idempotency-key': 'another' }))).sessionId).not.toBe(first?.sessionId);
    expect((await world.startAs(body, { 'idempotency-key': 'x'.repeat(256) })).status).toBe(400);
    expect(activated()).toHaveLength(2);
  });

  test('a start that failed, or was refused for want of a place, may be tried again with its key', async () => {
    await world.deploy({ maxAgents: 1 });
    const busy = (await world.start()).body.sessionId;
    const key = { 'idempotency-key': 'k-1' };
    expect((await world.startAs({}, key)).status).toBe(429);
    world.worker.behaviour.starts = 'failed';
    world.worker.endSession(busy, 'instance_exited', 'exited');
    await until(async () => expect((await world.capacity()).free).toBe(1));
    const failed = await world.startAs({}, key);
    expect(failed.status).toBe(500);
    world.worker.behaviour.starts = 'ready';
    await until(async () => expect((await world.startAs({}, key)).status).toBe(200));
    expect(activated()).toHaveLength(2);
  });

  test('a key for a socket stands for one session, whichever of its tokens is used', async () => {
    await world.deploy({ minAgents: 1, maxAgents: 1 });
    const key = { 'idempotency-key': 'k-2' };
    const body = { transport: 'websocket' };
    const [a, b] = [await read(world.startAs(body, key)), await read(world.startAs(body, key))];
    expect(a.sessionId).toBe(b.sessionId);
    expect(a.token).not.toBe(b.token);
  });

  test('expired keys are forgotten', async () => {
    const { store } = world.server;
    await world.deploy({ minAgents: 1, maxAgents: 2 });
    const agentId = (await world.slots())[0]?.agentId ?? '';
    const key = { organizationId: world.org.id, agentId, key: 'k-3' };
    const taken = { ...key, bodyDigest: 'd', sessionId: 's', expiresAt: '2026-01-02T00:00:00.000Z' };
    const [before, after] = [new Date('2026-01-01T00:00:00Z'), new Date('2026-01-03T00:00:00Z')];
    expect(await store.startKeys.take(taken, undefined, before)).toBe(true);
    expect(await store.startKeys.take({ ...taken, sessionId: 't' }, undefined, before)).toBe(false);
    expect(await store.startKeys.find(key, before)).toMatchObject({ sessionId: 's' });
    expect(await store.startKeys.find(key, after)).toBeUndefined();
    expect(await store.startKeys.take({ ...taken, sessionId: 't' }, undefined, after)).toBe(true);
    await store.startKeys.removeExpired(after);
    expect(await store.startKeys.find(key, before)).toBeUndefined();
  });
});
