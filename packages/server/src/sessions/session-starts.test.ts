import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Agent } from '../agents/agent-repository.js';
import { claimOrder } from '../deployments/claim-order.js';
import { createDemandBook } from '../pool/demand-book.js';
import { newSlot } from '../slots/new-slot.js';
import { databases } from '../testing/databases.js';
import { openTwoOrganizations, type TwoOrganizations, testActor } from '../testing/two-organizations.js';
import { CommandRefused, WorkerUnreachable } from '../workers/command-errors.js';
import type { WorkerChannel } from '../workers/worker-channel.js';
import { workerGraceMs } from './await-ready.js';
import { createSessionEnds } from './session-ends.js';
import { createSessionStarts, type SessionStarts, type StartOrder } from './session-starts.js';
import { createSessionTraces } from './session-traces.js';

describe.each(databases)('a start that comes to nothing, on $name', (database) => {
  let world: TwoOrganizations;
  let agent: Agent;
  /** What the worker is and does. */
  let worker: {
    elsewhere: boolean;
    here: boolean;
    awayMs: number;
    state: 'ready' | 'preparing' | 'busy' | undefined;
    /** The last that its instance has seen. */
    epoch?: number;
    /** Why its instance can't be made for now. */
    delayed?: string;
    answer: () => Promise<void>;
  };
  beforeEach(async () => {
    world = await openTwoOrganizations(database);
    worker = { elsewhere: false, here: true, awayMs: 0, state: 'ready', answer: async () => {} };
    const { store, acme, ids, clock } = world;
    const now = clock.now().toISOString();
    const deploymentId = ids.id();
    agent = {
      ...{ id: ids.id(), organizationId: acme.id, name: 'bot', region: 'us-west', minAgents: 0, maxAgents: 1 },
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
    await store.slots.insert([newSlot(ids.id(), agent, { spare: false, now: clock.now() })]);
  });
  afterEach(async () => {
    vi.useRealTimers();
    await world.drop();
  });

  const begin = (order: Partial<StartOrder> = {}) => beginAt(open(), order);
  const beginAt = (starts: SessionStarts, order: Partial<StartOrder> = {}) =>
    starts.start(agent, { sessionId: world.ids.id(), entry: 'bot', body: {}, actor: testActor, ...order });
  const endsOf = ({ store, clock }: TwoOrganizations) =>
    createSessionEnds({ store, clock, spend: { charge: async () => {} } });
  function open(): SessionStarts {
    const { store, clock, ids, audit } = world;
    const workers = {
      standsBy: () => worker.elsewhere,
      here: () => (worker.here ? ['w'] : []),
      nobodyMs: () => worker.awayMs,
      placeAwayMs: () => worker.awayMs,
      locate: (_: string, instanceId: string) =>
        worker.state && {
          workerId: 'w',
          instance: {
            ...{ instanceId, state: worker.state, epoch: worker.epoch ?? 0 },
            ...(worker.delayed && { delayed: worker.delayed }),
          },
        },
      subscribe: () => () => {},
      command: () => worker.answer(),
      runningMs: () => performance.now(),
    } as unknown as WorkerChannel;
    return createSessionStarts({
      ...{ store, clock, ids, audit, workers, log: pino({ enabled: false }) },
      ends: endsOf(world),
      spend: { check: async () => {} },
      ...{ demand: createDemandBook(world), scopeOf: async () => undefined, nudge: () => {} },
      traces: createSessionTraces({ ...world, workers, log: pino({ enabled: false }) }),
    });
  }
  const slot = async () => (await world.store.slots.listOfAgent(agent.organizationId, agent.id))[0];

  test('without a worker nothing is claimed, and the caller is told at once', async () => {
    worker = { ...worker, here: false, awayMs: workerGraceMs + 1 };
    const refused = { status: 503, details: { reason: 'PCC-NO-WORKER' }, headers: { 'retry-after': '10' } };
    await expect(begin()).rejects.toMatchObject(refused);
    expect(await slot()).toMatchObject({ state: 'empty', epoch: 0 });
    expect(await world.store.sessions.listOpen()).toEqual([]);
  });

  test('where another control plane runs the agents nothing is claimed, and the caller is sent there at once', async () => {
    worker = { ...worker, elsewhere: true };
    const refused = { status: 503, details: { reason: 'PCC-STANDBY' }, headers: { 'retry-after': '1' } };
    await expect(begin()).rejects.toMatchObject(refused);
    expect(await slot()).toMatchObject({ state: 'empty', epoch: 0 });
    expect(await world.store.sessions.listOpen()).toEqual([]);
  });

  test('the caller of a session that is stopped before it has begun is told so, and not that its agent fails', async () => {
    const sessionId = world.ids.id();
    worker.answer = async () => {
      const [{ epoch } = { epoch: 0 }] = await world.store.sessions.listOpen();
      const at = world.clock.now().toISOString();
      await endsOf(world).end({ sessionId, epoch, reason: 'stopped', at, slot: 'retiring' });
      throw new CommandRefused('unknown_instance', 'its process ended');
    };
    await expect(begin({ sessionId })).rejects.toMatchObject({
      status: 409,
      message: `Session ${sessionId} of agent 'bot' was stopped before it had begun`,
    });
    expect(await slot()).toMatchObject({ state: 'retiring', sessionId: null });
  });

  test('a cold start whose worker does not come is given up, and its place is free again', async () => {
    worker = { ...worker, state: undefined, awayMs: workerGraceMs + 1 };
    await expect(begin()).rejects.toMatchObject({ details: { reason: 'PCC-NO-WORKER' } });
    expect(await slot()).toMatchObject({ state: 'retiring', epoch: 1, sessionId: null });
  });

  const served = [
    ['any number of sessions', null],
    ['a single one', 1],
  ] as const;
  test.each(served)(
    'a cold start whose engine is away is refused, and takes up no place: who comes next waits for the same instance, which may have %s',
    async (_, reuseMaxSessions) => {
      agent = { ...agent, reuseMaxSessions };
      vi.useFakeTimers({ toFake: ['performance'] });
      worker = { ...worker, state: 'preparing', delayed: 'The engine does not answer.' };
      for (const epoch of [1, 2]) {
        const refused = begin().catch((error: unknown) => error);
        await vi.waitFor(async () => expect(await slot()).toMatchObject({ state: 'claimed', epoch }));
        const answered = vi.fn();
        void refused.then(answered);
        await vi.waitFor(() => {
          vi.advanceTimersByTime(13_000);
          expect(answered).toHaveBeenCalled();
        });
        expect(await refused).toMatchObject({ status: 503, details: { reason: 'PCC-ENGINE-AWAY' } });
        expect(await slot()).toMatchObject({ state: 'starting', epoch, sessionId: null, served: 0 });
      }
      expect(await world.store.sessions.listOpen()).toEqual([]);
    },
  );

  test('a warm instance that was not told of the session is as it was: one that may have a single session has the next', async () => {
    agent = { ...agent, reuseMaxSessions: 1 };
    const { store, ids, clock } = world;
    const { liveDeploymentId: deploymentId } = agent;
    const ready = { state: 'ready', workerId: 'w', deploymentId, instanceId: ids.id() } as const;
    const empty = await slot();
    if (!empty) throw new Error('the agent has no slot');
    await store.slots.change(empty, ready, clock.now());
    const room = async () => {
      throw new Error('no room');
    };
    await expect(begin({ room })).rejects.toThrow('no room');
    expect(await slot()).toMatchObject({ state: 'ready', epoch: 1, sessionId: null, served: 0 });
    await expect(begin()).resolves.toMatchObject({ instanceId: ready.instanceId });
    expect(await slot()).toMatchObject({ state: 'claimed', epoch: 2, served: 1 });
  });

  test('a no is a no: the instance is removed', async () => {
    worker.answer = async () => {
      throw new CommandRefused('busy', 'it has a session');
    };
    await expect(begin()).rejects.toMatchObject({ status: 503 });
    expect(await slot()).toMatchObject({ state: 'retiring', epoch: 1 });
  });

  test('a place whose instance holds what a database from a backup has forgotten: refused at once, and it goes on', async () => {
    const answer = async () => {
      throw new CommandRefused('stale_epoch', 'it has seen epoch 1; 1 is not greater');
    };
    worker = { ...worker, state: 'busy', epoch: 1, answer };
    await expect(begin()).rejects.toMatchObject({ status: 503, message: expect.stringContaining('Try again') });
    expect(await slot()).toMatchObject({ state: 'quarantined', epoch: 1, sessionId: null });
    expect(await world.store.sessions.listOpen()).toEqual([]);
  });

  test('an answer that never comes is fenced with the next epoch, and the instance is set aside', async () => {
    worker.answer = async () => {
      // It may have accepted; from now on nobody can be asked.
      worker.state = undefined;
      worker.awayMs = workerGraceMs + 1;
      throw new WorkerUnreachable('The link to the worker broke');
    };
    await expect(begin()).rejects.toMatchObject({ status: 503 });
    expect(await slot()).toMatchObject({ state: 'quarantined', epoch: 2, sessionId: null });
    expect(await world.store.sessions.listOpen()).toEqual([]);
  });

  test('another of the same session is refused at once, and leaves the one under way as it is', async () => {
    worker = { ...worker, state: 'preparing' };
    const starts = open();
    const sessionId = world.ids.id();
    const first = beginAt(starts, { sessionId });
    await vi.waitFor(async () => expect(await slot()).toMatchObject({ state: 'claimed', sessionId }));
    // With a place for it too it would be told the same.
    for (const waitSeconds of [0, 300])
      await expect(beginAt(starts, { sessionId, waitSeconds })).rejects.toMatchObject({ status: 409 });
    expect(starts.isStarting(sessionId)).toBe(true);
    worker.state = 'ready';
    await expect(first).resolves.toMatchObject({ sessionId, epoch: 1 });
    expect(starts.isStarting(sessionId)).toBe(false);
    expect(await slot()).toMatchObject({ state: 'claimed', sessionId, epoch: 1 });
  });

  test('one that another control plane has given up is refused, though its instance has said yes', async () => {
    const sessionId = world.ids.id();
    worker.answer = async () => {
      const at = world.clock.now().toISOString();
      const end = { sessionId, epoch: 1, reason: 'start_abandoned', at, slot: 'retiring', from: 'starting' } as const;
      await endsOf(world).end(end);
    };
    const refused = { status: 503, headers: { 'retry-after': '1' }, message: expect.stringContaining('taken over') };
    await expect(begin({ sessionId })).rejects.toMatchObject(refused);
    expect(await slot()).toMatchObject({ state: 'retiring', epoch: 1, sessionId: null });
    const kept = await world.store.sessions.find(agent.organizationId, agent.id, sessionId);
    expect(kept).toMatchObject({ state: 'ended', endReason: 'start_abandoned', activatedAt: null });
  });

  test('one that has ended before it was noted here was accepted all the same', async () => {
    const sessionId = world.ids.id();
    worker.answer = async () => {
      const at = world.clock.now().toISOString();
      await endsOf(world).end({ sessionId, epoch: 1, reason: 'completed', at, slot: 'settling' });
    };
    await expect(begin({ sessionId })).resolves.toMatchObject({ sessionId });
  });

  test('claims prefer instances that can be reached, then warm ones, and the oldest of those', async () => {
    const { store, ids, clock } = world;
    const add = async (id: string, workerId: string | null, state: 'ready' | 'empty') => {
      clock.advance(1);
      await store.slots.insert([newSlot(id, agent, { spare: false, now: clock.now() })]);
      const added = (await store.slots.listOfAgent(agent.organizationId, agent.id)).find((one) => one.id === id);
      const deploymentId = agent.liveDeploymentId;
      if (added && state === 'ready')
        await store.slots.change(added, { state, workerId, deploymentId, instanceId: ids.id() }, clock.now());
    };
    await add('away', 'gone', 'ready');
    await add('warm', 'w', 'ready');
    await add('warm too', 'w', 'ready');
    const claim = async () => {
      const choices = claimOrder({ ...agent, liveDeploymentId: agent.liveDeploymentId ?? '' }, '');
      const order = { agentId: agent.id, choices, maxSessions: null, workerIds: ['w'] };
      const taken = await store.slots.claim({ ...order, sessionId: ids.id(), newInstanceId: ids.id() }, clock.now());
      return taken?.slotId;
    };
    const first = (await slot())?.id;
    const order = [await claim(), await claim(), await claim(), await claim(), await claim()];
    expect(order.slice(0, 2)).toEqual(['warm', 'warm too']);
    expect(order[2]).not.toBe('away');
    expect(order[3]).toBe('away');
    expect(order[4]).toBeUndefined();
    expect(first).toBeDefined();
  });

  test('an instance that has served enough, or is of a deployment that takes no sessions, is not claimed', async () => {
    const { store, ids, clock } = world;
    const ready = { state: 'ready', workerId: 'w', instanceId: ids.id() } as const;
    const [only] = await store.slots.listOfAgent(agent.organizationId, agent.id);
    if (!only) throw new Error('the agent has no slot');
    await store.slots.change(only, { ...ready, deploymentId: agent.liveDeploymentId }, clock.now());
    const claim = (deploymentId: string, maxSessions: number | null) =>
      store.slots.claim(
        {
          ...{ agentId: agent.id, choices: [{ state: 'ready', deploymentId }], maxSessions, workerIds: ['w'] },
          ...{ sessionId: ids.id(), newInstanceId: ids.id() },
        },
        clock.now(),
      );
    const live = agent.liveDeploymentId ?? '';
    expect(await claim(live, 0)).toBeUndefined();
    expect(await claim(ids.id(), null)).toBeUndefined();
    expect((await claim(live, 1))?.slotId).toBe(only.id);
  });
});
