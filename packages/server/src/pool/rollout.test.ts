import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createSlotFitter } from '../agents/agent-slots.js';
import type { Repositories } from '../db/store.js';
import type { RolloutPlan } from '../deployments/rollout-options.js';
import { createTakeover } from '../deployments/takeover.js';
import { databases } from '../testing/databases.js';
import { openTwoOrganizations, type TwoOrganizations } from '../testing/two-organizations.js';
import { createRollout } from './rollout.js';

const plans = {
  automatic: { rollout: 'automatic', canaryPercent: null },
  strict: { rollout: 'strict', canaryPercent: null },
  held: { rollout: 'held', canaryPercent: null },
  canary: { rollout: 'canary', canaryPercent: 10 },
  'larger canary': { rollout: 'canary', canaryPercent: 20 },
} as const satisfies Record<string, RolloutPlan>;
type Plan = keyof typeof plans;

describe.each(databases)('how a new deployment takes over on $name', (database) => {
  let world: TwoOrganizations;
  beforeEach(async () => {
    world = await openTwoOrganizations(database);
    const { store, acme, clock } = world;
    const now = clock.now().toISOString();
    await store.agents.insert({
      ...{ id: 'a', organizationId: acme.id, name: 'bot', region: 'us-west', minAgents: 0, maxAgents: 3 },
      ...{ websocketAuth: 'none', desiredDeploymentId: 'new', liveDeploymentId: 'old' },
      ...{ reconciledDeploymentId: 'new', createdAt: now, updatedAt: now, deletedAt: null },
    });
    for (const id of ['old', 'new']) {
      await store.deployments.insert({
        ...{ id, organizationId: acme.id, agentId: 'a', image: id, buildId: null, secretSet: null },
        ...{ imagePullSecretSet: null, profile: 'agent-1x', cpu: '1', memory: '1Gi', architecture: null },
        ...{ maxSessionSeconds: null, krispAudioFilter: null, phaseStartedAt: now, startFailures: 0, error: null },
        ...{ phase: id === 'old' ? 'Active' : 'Validating', createdAt: now, updatedAt: now },
      });
    }
    const { agent } = await read();
    await store.transaction((repos) => createSlotFitter(world)(repos, agent, 3));
    const [place] = (await read()).slots;
    if (!place) throw new Error('There are places');
    await store.slots.change(place, { state: 'ready', deploymentId: 'new', instanceId: 'i' }, clock.now());
  });
  afterEach(() => world.drop());

  /** What a pass reads of it. */
  async function read() {
    const { store, acme } = world;
    const [agent, desired, live] = [
      await store.agents.find(acme.id, 'bot'),
      await store.deployments.find(acme.id, 'new'),
      await store.deployments.find(acme.id, 'old'),
    ];
    if (!agent || !desired) throw new Error('Both are there');
    return { agent, desired, live, slots: await store.slots.listOfAgent(acme.id, 'a'), target: 0 };
  }
  /** As an update does it. */
  async function ask(repos: Repositories, plan: Plan): Promise<void> {
    const agent = await repos.agents.findToChange(world.acme.id, 'bot');
    const pending = await repos.deployments.find(world.acme.id, 'new');
    if (agent && pending) await createTakeover(world).apply(repos, agent, pending, plans[plan]);
  }
  const standing = async () => {
    const { agent, desired } = await read();
    const { liveDeploymentId: live, fallbackDeploymentIds: fallback, canaryPercent: share } = agent;
    return { live, fallback, share, ready: desired.readyAt !== null };
  };

  const becomes = {
    strict: { live: 'new', fallback: [], share: null, ready: true },
    held: { live: 'old', fallback: [], share: null, ready: true },
    canary: { live: 'old', fallback: [], share: 10, ready: true },
    'larger canary': { live: 'old', fallback: [], share: 20, ready: true },
  };
  test.each<[Plan, keyof typeof becomes]>([
    ['automatic', 'held'],
    ['automatic', 'strict'],
    ['automatic', 'canary'],
    ['canary', 'held'],
    ['canary', 'strict'],
    ['canary', 'larger canary'],
  ])('a pass that read %s before it was changed to %s does as it is asked now', async (before, after) => {
    const { store } = world;
    await store.transaction((repos) => ask(repos, before));
    const stale = await read();
    await store.transaction((repos) => ask(repos, after));
    const rollout = createRollout(world);
    await rollout.advance(stale);
    expect(await standing()).toEqual({ live: 'old', fallback: [], share: null, ready: false });
    await rollout.advance(await read());
    expect(await standing()).toEqual(becomes[after]);
  });

  test('a pass finds no agent to go live that was deleted since it read it', async () => {
    const stale = await read();
    await world.store.agents.markDeleted(world.acme.id, 'a', world.clock.now());
    expect(await createRollout(world).advance(stale)).toBe(false);
  });

  // SQLite has one writer.
  if (database.name === 'PostgreSQL')
    test('a change that is about to be answered is waited for', async () => {
      const { store, db } = world;
      const stale = await read();
      let advanced: Promise<unknown> | undefined;
      await store.transaction(async (repos) => {
        await ask(repos, 'held');
        advanced = createRollout(world).advance(stale);
        const waiting = sql<{ pid: number }>`
          select pid from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
        await vi.waitFor(async () => expect((await waiting.execute(db)).rows).toHaveLength(1));
      });
      await advanced;
      expect(await standing()).toMatchObject({ live: 'old', ready: false });
    });
});
