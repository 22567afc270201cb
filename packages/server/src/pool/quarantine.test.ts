import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { scratchDatabases } from '../testing/databases.js';
import { openPoolWorld, type PoolWorld, until } from '../testing/pool-world.js';

describe.each(scratchDatabases)('instances whose bot is not known to have finished, on $name', (database) => {
  let world: PoolWorld;
  beforeEach(async () => {
    world = await openPoolWorld(database);
  });
  afterEach(() => world.close());

  const instanceOf = (sessionId: string) =>
    world.worker.activations().find((activation) => activation.sessionId === sessionId)?.instanceId ?? '';
  const quarantined = async () => (await world.slots()).filter(({ state }) => state === 'quarantined');
  const started = async () => {
    let answer = await world.start();
    await until(async () => {
      if (answer.status !== 200) answer = await world.start();
      expect(answer.status).toBe(200);
    });
    return answer.body.sessionId as string;
  };

  test('at its cap an instance is set aside, its place goes to another, and it goes when its bot is done', async () => {
    await world.deploy({ maxAgents: 1 });
    const first = await started();
    world.worker.endSession(first, 'duration_exceeded', 'settling');
    // All the while the first may still run.
    const second = await started();
    expect(instanceOf(second)).not.toBe(instanceOf(first));
    expect(await quarantined()).toMatchObject([{ instanceId: instanceOf(first), spare: true }]);
    expect(await world.capacity()).toMatchObject({ maxAgents: 1, active: 1, quarantined: 1 });
    world.worker.instances.set(instanceOf(first), { instanceId: instanceOf(first), state: 'ready', epoch: 1 });
    world.worker.observe();
    await until(() => expect(world.worker.instances.has(instanceOf(first))).toBe(false));
    expect((await world.session(second)).state).toBe('active');
    expect(world.worker.activations().filter(({ instanceId }) => instanceId === instanceOf(first))).toHaveLength(1);
    await until(async () => expect(await world.slots()).toHaveLength(2));
  });

  test('a bot that never ends does not take another place than its own: how many are set aside is bounded', async () => {
    await world.deploy({ maxAgents: 2 });
    for (const ends of [await started(), await started()])
      world.worker.endSession(ends, 'duration_exceeded', 'settling');
    // One of the two places is given to another; the other is the agent's loss until its bot is gone.
    const third = await started();
    await until(async () => expect(await quarantined()).toHaveLength(2));
    const refused = await world.start();
    expect([refused.status, refused.body.reason]).toEqual([429, 'PCC-AGENT-AT-CAPACITY']);
    world.worker.endSession(third, 'completed');
    await started();
  });

  test('an end that a worker calls unfinished is no word that the instance is free', async () => {
    await world.deploy({ minAgents: 1, maxAgents: 1 });
    const sessionId = await started();
    const held = world.worker.instances.get(instanceOf(sessionId));
    world.worker.instances.set(instanceOf(sessionId), { instanceId: instanceOf(sessionId), state: 'ready', epoch: 9 });
    const at = new Date().toISOString();
    const { epoch = 0 } = held ?? {};
    const end = { type: 'session-ended', sessionId, instanceId: instanceOf(sessionId), epoch, at } as const;
    world.worker.report({ ...end, reason: 'completed', unfinished: true });
    await started();
    world.worker.observe();
    await until(() => expect(world.worker.instances.has(instanceOf(sessionId))).toBe(false));
    expect(world.worker.activations().filter(({ instanceId }) => instanceId === instanceOf(sessionId))).toHaveLength(1);
  });

  test('a fresh policy gives each session an instance of its own, and a limit as many as it says', async () => {
    await world.deploy({ minAgents: 1, maxAgents: 2 }, { reuse: { policy: 'fresh' } });
    const used: string[] = [];
    for (let n = 0; n < 3; n++) {
      const sessionId = await started();
      used.push(instanceOf(sessionId));
      expect(world.worker.activations().at(-1)?.reuse).toEqual({ maxSessions: 1 });
      world.worker.endSession(sessionId, 'completed');
      await until(() => expect(world.worker.instances.has(instanceOf(sessionId))).toBe(false));
    }
    expect(new Set(used).size).toBe(3);
    await world.deploy({ minAgents: 1, maxAgents: 1 }, { reuse: { maxSessions: 2, maxMemoryPercent: 50 } }, 'PUT');
    const again: string[] = [];
    for (let n = 0; n < 4; n++) {
      const sessionId = await started();
      again.push(instanceOf(sessionId));
      world.worker.endSession(sessionId, 'completed');
      await until(async () => expect((await world.session(sessionId)).state).toBe('ended'));
    }
    expect(new Set(again).size).toBe(2);
    expect(world.worker.activations().at(-1)?.reuse).toEqual({ maxSessions: 2, maxMemoryBytes: 512 * 1024 * 1024 });
    expect((await world.call('GET', '/bot')).body.body.reuse).toEqual({
      policy: 'reuse',
      maxSessions: 2,
      maxMemoryPercent: 50,
    });
    const both = { serviceName: 'bot', reuse: { policy: 'fresh', maxSessions: 3 } };
    expect((await world.call('PUT', '', both)).status).toBe(400);
  });

  test('what is warm is told with its reason, decision by decision', async () => {
    await world.deploy({ minAgents: 2, maxAgents: 3 });
    await until(async () => expect((await world.capacity()).idle).toBe(2));
    const { now, decisions, free } = await world.capacity();
    expect(now).toMatchObject({ target: 2, reason: 'minimum', why: '2 idle instances are kept: min_agents is 2' });
    expect(free).toBe(1);
    expect(decisions).toMatchObject([
      { target: 2, reason: 'minimum', inputs: { minAgents: 2, maxAgents: 3, busy: 0 } },
    ]);
    await started();
    await started();
    await until(async () => expect((await world.capacity()).decisions.length).toBeGreaterThan(1));
    expect((await world.capacity()).decisions[0]).toMatchObject({ target: 1, reason: 'limit' });
    const other = await (await world.server.organization('theirs')).member('admin');
    const seen = await world.server.call(other.token, 'GET', '/v1/organizations/ours/services/bot/capacity');
    expect([403, 404]).toContain(seen.status);
  });
});
