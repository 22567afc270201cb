import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Agent } from '../agents/agent-repository.js';
import type { SlotState } from '../slots/slot-repository.js';
import { databases } from '../testing/databases.js';
import { openTwoOrganizations, type TwoOrganizations } from '../testing/two-organizations.js';
import { createFacts } from './facts.js';

const now = '2026-05-04T10:00:00.000Z';

describe.each(databases)('what a pass looks at on $name', (database) => {
  let world: TwoOrganizations;
  beforeEach(async () => {
    world = await openTwoOrganizations(database);
  });
  afterEach(() => world.drop());

  /** An agent whose deployment is live and which is scaled to zero, but for the change; with that many slots. */
  async function addAgent(name: string, change: Partial<Agent> = {}, slots: readonly SlotState[] = ['empty', 'empty']) {
    const { store, acme, ids } = world;
    const deploymentId = ids.id();
    const agent: Agent = {
      id: ids.id(),
      organizationId: acme.id,
      name,
      region: 'us-west',
      minAgents: 0,
      maxAgents: 1,
      reuseMaxSessions: null,
      reuseMaxMemoryPercent: null,
      websocketAuth: 'none',
      desiredDeploymentId: deploymentId,
      liveDeploymentId: deploymentId,
      reconciledDeploymentId: deploymentId,
      fallbackDeploymentIds: [],
      canaryPercent: null,
      startsHeld: false,
      createdAt: now,
      updatedAt: now,
      deletedAt: null,
      ...change,
    };
    await store.agents.insert(agent);
    await store.deployments.insert({
      id: deploymentId,
      organizationId: acme.id,
      agentId: agent.id,
      image: 'i',
      buildId: null,
      secretSet: null,
      imagePullSecretSet: null,
      profile: 'agent-1x',
      cpu: '500m',
      memory: '1Gi',
      architecture: null,
      maxSessionSeconds: null,
      krispAudioFilter: null,
      phase: 'Active',
      phaseStartedAt: now,
      startFailures: 0,
      error: null,
      createdAt: now,
      updatedAt: now,
    });
    await store.slots.insert(
      slots.map((state, index) => ({
        id: ids.id(),
        organizationId: acme.id,
        agentId: agent.id,
        spare: index === 0,
        state,
        epoch: 0,
        deploymentId: null,
        instanceId: null,
        workerId: null,
        sessionId: null,
        changedAt: now,
        notBefore: null,
        served: 0,
      })),
    );
    return { agent, deploymentId };
  }

  async function look(facts: ReturnType<typeof createFacts>) {
    const { agents, slots, deployments } = await facts();
    return { names: [...agents.values()].map(({ name }) => name).sort(), slots: slots.length, deployments };
  }

  test('agents at rest are left out; whatever is not is looked at with all its slots', async () => {
    await addAgent('at-rest');
    await addAgent('never-deployed', {
      desiredDeploymentId: null,
      liveDeploymentId: null,
      reconciledDeploymentId: null,
    });
    const facts = createFacts(world);
    await facts();
    expect((await look(facts)).slots).toBe(0);

    const { deploymentId } = await addAgent('kept-warm', { minAgents: 1 });
    await addAgent('first-deploy', { liveDeploymentId: null });
    await addAgent('rolling-out', { liveDeploymentId: deploymentId });
    await addAgent('not-seen-yet', { reconciledDeploymentId: null });
    for (const state of ['starting', 'ready', 'claimed', 'settling', 'quarantined', 'retiring'] as const) {
      await addAgent(`has-${state}`, {}, ['empty', 'empty', state]);
    }
    const seen = await look(facts);
    expect(seen.names).toEqual([
      'first-deploy',
      ...['claimed', 'quarantined', 'ready', 'retiring', 'settling', 'starting'].map((state) => `has-${state}`),
      'kept-warm',
      'not-seen-yet',
      'rolling-out',
    ]);
    expect(seen.slots).toBe(4 * 2 + 6 * 3);
    // Those that are live and those that are wanted.
    expect(seen.deployments.size).toBe(10);
    expect(seen.deployments.has(deploymentId)).toBe(true);
  });

  test('the slots of a deleted agent are looked at until none is left, without the agent', async () => {
    const { agent } = await addAgent('gone');
    const facts = createFacts(world);
    await facts();
    await world.store.agents.markDeleted(agent.organizationId, agent.id, new Date(now));
    expect(await look(facts)).toMatchObject({ names: [], slots: 2 });
    for (const slot of await world.store.slots.listAll()) await world.store.slots.remove(slot);
    expect(await look(facts)).toMatchObject({ names: [], slots: 0 });
  });

  test('the first look and one in ten minutes are at everything', async () => {
    await addAgent('at-rest');
    const facts = createFacts(world);
    expect(await look(facts)).toMatchObject({ names: ['at-rest'], slots: 2 });
    expect(await look(facts)).toMatchObject({ names: [], slots: 0 });
    world.clock.advance(10 * 60 * 1000);
    expect(await look(facts)).toMatchObject({ names: ['at-rest'], slots: 2 });
  });

  test('more agents than one statement takes are found all the same', async () => {
    const many = await Promise.all(
      Array.from({ length: 501 }, (_, index) => addAgent(`many-${index}`, { minAgents: 1 })),
    );
    expect(many.length).toBe(501);
    const { names, deployments } = await look(createFacts(world));
    expect([names.length, deployments.size]).toEqual([501, 501]);
  });
});
