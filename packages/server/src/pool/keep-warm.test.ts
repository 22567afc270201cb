import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Agent } from '../agents/agent-repository.js';
import { newSlot } from '../slots/new-slot.js';
import { databases } from '../testing/databases.js';
import { openTwoOrganizations, type TwoOrganizations } from '../testing/two-organizations.js';
import { createDemandBook } from './demand-book.js';
import { createKeepWarm, mayNotStart } from './keep-warm.js';

describe.each(databases)('keeping instances warm on $name', (database) => {
  let world: TwoOrganizations;
  let agent: Agent;
  beforeEach(async () => {
    world = await openTwoOrganizations(database);
    const { store, acme, ids, clock } = world;
    const now = clock.now().toISOString();
    const deploymentId = ids.id();
    agent = {
      ...{ id: ids.id(), organizationId: acme.id, name: 'bot', region: 'us-west', minAgents: 0, maxAgents: 20 },
      ...{ reuseMaxSessions: null, reuseMaxMemoryPercent: null, websocketAuth: 'none', deletedAt: null },
      ...{ desiredDeploymentId: deploymentId, liveDeploymentId: deploymentId, reconciledDeploymentId: deploymentId },
      ...{ fallbackDeploymentIds: [], canaryPercent: null, startsHeld: false, createdAt: now, updatedAt: now },
    } as Agent;
    await store.agents.insert(agent);
    await store.deployments.insert({
      ...{ id: deploymentId, organizationId: acme.id, agentId: agent.id, image: 'i', buildId: null, secretSet: null },
      ...{ imagePullSecretSet: null, profile: 'agent-1x', cpu: '500m', memory: '1Gi', architecture: null },
      ...{ maxSessionSeconds: null, krispAudioFilter: null, phase: 'Active', phaseStartedAt: now, startFailures: 0 },
      ...{ error: null, createdAt: now, updatedAt: now },
    });
    await store.slots.insert(
      Array.from({ length: agent.maxAgents }, () => newSlot(ids.id(), agent, { spare: false, now: clock.now() })),
    );
  });
  afterEach(() => world.drop());

  /** One control plane: what it keeps in memory begins with it. */
  function open() {
    const demand = createDemandBook(world);
    const keepWarm = createKeepWarm({ ...world, demand });
    const slots = () => world.store.slots.listOfAgent(agent.organizationId, agent.id);
    return {
      demand,
      slots,
      counts: async () =>
        Object.fromEntries([...Map.groupBy(await slots(), (s) => s.state)].map(([k, v]) => [k, v.length])),
      async advance() {
        await demand.recall([agent.id]);
        const live = await world.store.deployments.find(agent.organizationId, agent.liveDeploymentId ?? '');
        return await keepWarm.advance({ agent, desired: live, live, slots: await slots() });
      },
      failed: (waitMs: number) => keepWarm.failed(agent.liveDeploymentId ?? '', waitMs),
      async becomeReady() {
        for (const slot of await slots())
          if (slot.state === 'starting') await world.store.slots.change(slot, { state: 'ready' }, world.clock.now());
      },
    };
  }

  test('a deployment whose instance has just failed gets no other in advance, on whatever place, until its time has come', async () => {
    agent = { ...agent, minAgents: 3 };
    const plane = open();
    plane.failed(10_000);
    expect(await plane.advance()).toBe(false);
    expect(await plane.counts()).toEqual({ empty: agent.maxAgents });
    plane.failed(-1);
    await plane.advance();
    expect((await plane.counts()).starting).toBe(3);
  });

  test('one that fails takes none of the others with it, however long they have been idle', async () => {
    agent = { ...agent, minAgents: 10 };
    const plane = open();
    await plane.advance();
    await plane.becomeReady();
    world.clock.advance(6 * 60_000);
    const [ended] = (await plane.slots()).filter(({ state }) => state === 'ready');
    if (!ended) throw new Error('Ten are ready');
    await world.store.transaction((repos) => repos.slots.change(ended, { state: 'retiring' }, world.clock.now()));
    plane.failed(10_000);
    expect(await plane.advance()).toBe(false);
    expect(await plane.counts()).toEqual({ ready: 9, retiring: 1, empty: 10 });
  });

  test('a burst has instances made at once, within the bucket, and they go five idle minutes after it', async () => {
    const plane = open();
    for (let n = 0; n < 40; n++) plane.demand.arrived(agent.id);
    await plane.advance();
    expect(await plane.counts()).toEqual({ starting: 10, empty: 10 });
    await plane.advance();
    expect((await plane.counts()).starting).toBe(10);
    await plane.becomeReady();
    world.clock.advance(4 * 60_000);
    await plane.advance();
    expect(await plane.counts()).toEqual({ ready: 10, empty: 10 });
    world.clock.advance(61_000);
    await plane.advance();
    expect(await plane.counts()).toEqual({ retiring: 10, empty: 10 });
  });

  test('after a restart of the control plane the target is what it was', async () => {
    const before = open();
    for (let n = 0; n < 40; n++) before.demand.arrived(agent.id);
    for (let n = 0; n < 9; n++) before.demand.started(agent.id, 2_000);
    await before.advance();
    await before.demand.save([agent]);
    const [decided] = await world.store.pool.decisions(agent.organizationId, agent.id, 5);
    const after = open();
    await after.advance();
    expect(await world.store.pool.decisions(agent.organizationId, agent.id, 5)).toEqual([decided]);
    expect(decided).toMatchObject({ target: 4, reason: 'arrivals', inputs: { startSecondsP95: 2 } });
  });

  test('a hundred decisions are kept, the newest first, and of a storm one in two seconds', async () => {
    const plane = open();
    vi.useFakeTimers({ toFake: ['performance'] });
    for (let n = 1; n <= 105; n++) {
      for (const minAgents of [n % 20, (n + 1) % 20]) {
        agent = { ...agent, minAgents };
        await plane.advance();
      }
      vi.advanceTimersByTime(2_000);
    }
    vi.useRealTimers();
    const kept = await world.store.pool.decisions(agent.organizationId, agent.id, 1_000);
    expect(kept).toHaveLength(100);
    expect(kept[0]).toMatchObject({ target: 5, reason: 'minimum' });
    expect(await world.store.pool.decisions('org-b', agent.id, 10)).toEqual([]);
  });

  test('what failed a moment ago is not made again at once; a clock that was set back holds nothing up', () => {
    const now = world.clock.now();
    const at = (ms: number) => ({
      ...newSlot('s', agent, { spare: false, now }),
      notBefore: new Date(now.getTime() + ms).toISOString(),
    });
    expect(mayNotStart(at(5_000), now)).toBe(true);
    expect(mayNotStart(at(-1), now)).toBe(false);
    expect(mayNotStart(at(3_600_000), now)).toBe(false);
  });
});
