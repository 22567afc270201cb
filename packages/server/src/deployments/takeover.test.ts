import { sql } from 'kysely';
import { Migrator } from 'kysely/migration';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createSlotFitter, vacate } from '../agents/agent-slots.js';
import { migrationProvider } from '../db/migrations.js';
import { createPlaces } from '../pool/places.js';
import { databases, testAuditKey } from '../testing/databases.js';
import { openTwoOrganizations, type TwoOrganizations } from '../testing/two-organizations.js';
import { changePlaces, createTakeover, type Takeover } from './takeover.js';

describe.each(databases)('which deployment takes sessions on $name', (database) => {
  let world: TwoOrganizations;
  let takeover: Takeover;
  beforeEach(async () => {
    world = await openTwoOrganizations(database);
    takeover = createTakeover(world);
    const { store, acme, clock } = world;
    const now = clock.now().toISOString();
    const agent = {
      ...{ id: 'a', organizationId: acme.id, name: 'bot', region: 'us-west', minAgents: 0, maxAgents: 3 },
      ...{ websocketAuth: 'none' as const, desiredDeploymentId: 'new', liveDeploymentId: 'old' },
      ...{ reconciledDeploymentId: 'new', createdAt: now, updatedAt: now, deletedAt: null },
    };
    await store.agents.insert(agent);
    for (const id of ['old', 'new', 'newer']) {
      await store.deployments.insert({
        ...{ id, organizationId: acme.id, agentId: 'a', image: id, buildId: null, secretSet: null },
        ...{ imagePullSecretSet: null, profile: 'agent-1x', cpu: '1', memory: '1Gi', architecture: null },
        ...{ maxSessionSeconds: null, krispAudioFilter: null, phaseStartedAt: now, startFailures: 0, error: null },
        ...{ phase: id === 'old' ? 'Active' : 'Validating', createdAt: now, updatedAt: now },
      });
    }
    const fitSlots = createSlotFitter(world);
    const read = await found();
    await store.transaction((repos) => fitSlots(repos, read, 3));
  });
  afterEach(() => world.drop());

  async function found() {
    const agent = await world.store.agents.find(world.acme.id, 'bot');
    if (!agent) throw new Error('The agent is there');
    return agent;
  }
  async function deployment(id: string) {
    const read = await world.store.deployments.find(world.acme.id, id);
    if (!read) throw new Error(`${id} is there`);
    return read;
  }
  const slots = () => world.store.slots.listOfAgent(world.acme.id, 'a');
  const places = () => createPlaces({ ...world, workers: { awayMs: () => 0 } });
  /** Gives places instances, in this order; the spare one last. */
  async function fill(...instances: [state: 'ready' | 'starting' | 'claimed', deploymentId: string][]) {
    const places = (await slots()).sort((a, b) => Number(a.spare) - Number(b.spare));
    for (const [index, [state, deploymentId]] of instances.entries()) {
      const place = places[index];
      if (place)
        await world.store.slots.change(place, { state, deploymentId, instanceId: `i${index}` }, world.clock.now());
    }
  }
  const seen = async () =>
    (await slots()).map(({ spare, state, deploymentId }) => `${spare ? 'spare ' : ''}${state} ${deploymentId}`).sort();

  test('whoever read the agent before a deploy or a rollback changes nothing after it', async () => {
    const { store } = world;
    const stale = await found();
    const next = await deployment('new');
    await store.transaction((repos) => takeover.withdraw(repos, stale, next));
    for (const late of [
      store.transaction((repos) => takeover.goLive(repos, stale, next, { keepIdle: true })),
      store.transaction((repos) => takeover.share(repos, stale, next, 10)),
      store.transaction((repos) => takeover.giveUp(repos, stale, next)),
    ])
      expect(await late).toBe(false);
    expect(await found()).toMatchObject({ desiredDeploymentId: 'old', liveDeploymentId: 'old', canaryPercent: null });
    expect(await deployment('new')).toMatchObject({ liveAt: null, readyAt: null, phase: 'Draining' });
  });

  test('what is idle of the older one keeps its place until it is replaced, but one that makes way for a ready one', async () => {
    await fill(['ready', 'old'], ['ready', 'old'], ['claimed', 'old'], ['ready', 'new']);
    const [agent, next] = [await found(), await deployment('new')];
    await world.store.transaction((repos) => takeover.goLive(repos, agent, next, { keepIdle: true }));
    expect(await seen()).toEqual(['claimed old', 'ready new', 'ready old', 'spare retiring old']);
    expect((await found()).fallbackDeploymentIds).toEqual(['old']);
  });

  test('where it may take no session any more, its places are free in the same moment; a session keeps its own', async () => {
    await fill(['ready', 'old'], ['starting', 'old'], ['claimed', 'old'], ['ready', 'new']);
    const [agent, next] = [await found(), await deployment('new')];
    await world.store.transaction((repos) => takeover.goLive(repos, agent, next, { keepIdle: false }));
    expect(await seen()).toEqual([
      ...['claimed old', 'empty null', 'ready new', 'spare retiring old', 'spare retiring old'],
    ]);
    expect((await found()).fallbackDeploymentIds).toEqual([]);
  });

  // SQLite has one writer.
  if (database.name === 'PostgreSQL')
    test('slots that are held change for nobody else meanwhile', async () => {
      const { store, db, clock } = world;
      const [slot] = await slots();
      if (!slot) throw new Error('There are slots');
      let [changed, waits] = [false, false];
      let changing: Promise<unknown> | undefined;
      await store.transaction(async (repos) => {
        await repos.slots.holdOfAgent(slot.organizationId, slot.agentId);
        changing = store.slots.change(slot, { state: 'starting' }, clock.now()).then(() => {
          changed = true;
        });
        const waiting = sql<{ pid: number }>`
        select pid from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
        await vi.waitFor(async () => {
          waits = (await waiting.execute(db)).rows.length > 0;
          expect(waits || changed).toBe(true);
        });
      });
      await changing;
      expect({ waits, changed }).toEqual({ waits: true, changed: true });
    });

  test('a place that was lost comes back', async () => {
    await fill(['claimed', 'old'], ['ready', 'old']);
    const { store } = world;
    const before = await seen();
    const lost = (await slots()).find(({ spare, state }) => !spare && state === 'empty');
    if (!lost) throw new Error('One is free');
    await store.slots.remove(lost);
    expect(await places()(await found(), await slots())).toBe(true);
    expect(await seen()).toEqual(before);
    expect(await places()(await found(), await slots())).toBe(false);
  });

  test('two that change places do so both or not at all, whatever became of one since it was read', async () => {
    await fill(['claimed', 'old'], ['ready', 'old'], ['claimed', 'old'], ['ready', 'new']);
    const { store, clock } = world;
    const before = await seen();
    const [warm, place] = [true, false].map((on) =>
      slots().then((all) => all.find(({ spare, state }) => spare === on && state === 'ready')),
    );
    const [spare, counted] = [await warm, await place];
    if (!spare || !counted) throw new Error('Both are there');
    const change = (one: typeof spare, other: typeof spare) =>
      store.transaction((repos) => changePlaces(repos, one, other, clock.now()));
    expect(await change({ ...spare, state: 'starting' }, counted)).toBe(false);
    expect(await seen()).toEqual(before);
    expect(await change(spare, { ...counted, state: 'claimed' })).toBe(false);
    expect(await seen()).toEqual(before);
    expect(await change(spare, counted)).toBe(true);
    expect(await seen()).toEqual(['claimed old', 'claimed old', 'ready new', 'spare retiring old']);
  });

  describe('with more sessions than its limit, which was lowered, allows', () => {
    beforeEach(async () => {
      await fill(['claimed', 'old'], ['claimed', 'old'], ['ready', 'old'], ['ready', 'new']);
      const fitSlots = createSlotFitter(world);
      const { id } = await found();
      await world.store.agents.update(world.acme.id, id, { maxAgents: 1 }, world.clock.now());
      const agent = await found();
      await world.store.transaction((repos) => fitSlots(repos, agent, 1));
    });

    test('a warm instance takes no place that one session too many leaves', async () => {
      const [agent, next] = [await found(), await deployment('new')];
      await world.store.transaction((repos) => takeover.goLive(repos, agent, next, { keepIdle: true }));
      expect(await seen()).toEqual(['claimed old', 'claimed old', 'retiring old', 'spare ready new']);
    });

    test('an instance that leaves has no other come in its place', async () => {
      const idle = (await slots()).find(({ state }) => state === 'retiring');
      if (!idle) throw new Error('One is to go');
      const { store, clock, ids } = world;
      await store.slots.change(idle, { state: 'ready' }, clock.now());
      await store.transaction((repos) => vacate(repos, ids, { ...idle, state: 'ready' }, clock.now()));
      expect(await seen()).toEqual(['claimed old', 'claimed old', 'retiring old', 'spare ready new']);
    });

    test('one that is quarantined gives its place to no other, whatever the reconciler had read', async () => {
      const { store, clock } = world;
      const stale = { ...(await found()), maxAgents: 3 };
      const [first] = (await slots()).filter(({ state }) => state === 'claimed');
      if (!first) throw new Error('It has a session');
      await store.slots.change(first, { state: 'quarantined' }, clock.now());
      const before = await seen();
      expect(await places()(stale, await slots())).toBe(false);
      expect(await seen()).toEqual(before);
    });
  });

  test('one that is asked for meanwhile ends the canary of the one before', async () => {
    const { store } = world;
    await fill(['ready', 'old'], ['ready', 'new']);
    const next = await deployment('new');
    const before = await found();
    await store.transaction((repos) => takeover.share(repos, before, next, 10));
    const sharing = await found();
    expect(sharing.canaryPercent).toBe(10);
    const newer = { ...(await deployment('newer')), rollout: 'strict' as const };
    await store.transaction((repos) => takeover.request(repos, sharing, newer, {}));
    expect(await found()).toMatchObject({ desiredDeploymentId: 'newer', canaryPercent: null, startsHeld: true });
    expect(await seen()).toEqual(['empty null', 'empty null', 'ready old', 'spare empty null', 'spare retiring new']);
  });

  test('the first digest is kept', async () => {
    const { deployments } = world.store;
    await deployments.pinDigest('new', 'sha256:a');
    await deployments.pinDigest('new', 'sha256:b');
    expect((await deployment('new')).imageDigest).toBe('sha256:a');
  });
});

describe.each(databases)('deployments from before there were rollouts on $name', ({ openUnmigrated }) => {
  test('those that served can be gone back to, with the time at which they began to', async () => {
    const { db, drop } = await openUnmigrated();
    try {
      const migrator = new Migrator({ db, provider: migrationProvider(testAuditKey) });
      expect((await migrator.migrateTo('0009-session-lists')).error).toBeUndefined();
      await sql
        .raw(
          `insert into organization (id, name, verbose_name, default_region, created_at) values ('o', 'o', 'o', 'r', '')`,
        )
        .execute(db);
      await sql
        .raw(
          `insert into agent (id, organization_id, name, region, min_agents, max_agents, websocket_auth, created_at, updated_at)
            values ('a', 'o', 'a', 'r', 0, 1, 'none', '', '')`,
        )
        .execute(db);
      for (const phase of ['Active', 'Draining', 'Failed', 'Validating']) {
        await sql
          .raw(
            `insert into deployment (id, organization_id, agent_id, profile, phase, phase_started_at, created_at, updated_at)
              values ('${phase}', 'o', 'a', 'agent-1x', '${phase}', 'then', '', '')`,
          )
          .execute(db);
      }
      expect((await migrator.migrateToLatest()).error).toBeUndefined();
      const rows = await db.selectFrom('deployment').select(['id', 'live_at', 'ready_at']).orderBy('id').execute();
      expect(rows).toEqual([
        { id: 'Active', live_at: 'then', ready_at: 'then' },
        { id: 'Draining', live_at: 'then', ready_at: 'then' },
        { id: 'Failed', live_at: null, ready_at: null },
        { id: 'Validating', live_at: null, ready_at: null },
      ]);
    } finally {
      await drop();
    }
  });
});
