import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { AgentService } from '../agents/agent-service.js';
import { createSlotFitter } from '../agents/agent-slots.js';
import { createRolloutService } from '../agents/rollout-service.js';
import { createSessionEnds } from '../sessions/session-ends.js';
import { atOnce } from '../testing/at-once.js';
import { databases } from '../testing/databases.js';
import { openTwoOrganizations, type TwoOrganizations, testActor } from '../testing/two-organizations.js';
import { createTakeover } from './takeover.js';

// SQLite has one writer.
const postgres = databases.find(({ name }) => name === 'PostgreSQL');

describe.skipIf(!postgres)('a session whose end its deployment hears of, on PostgreSQL', () => {
  let world: TwoOrganizations;
  beforeEach(async () => {
    if (!postgres) throw new Error('unreachable: skipped');
    world = await openTwoOrganizations(postgres);
    const { store, acme, clock } = world;
    const now = clock.now().toISOString();
    await store.agents.insert({
      ...{ id: 'a', organizationId: acme.id, name: 'bot', region: 'us-west', minAgents: 0, maxAgents: 3 },
      ...{ websocketAuth: 'none', desiredDeploymentId: 'new', liveDeploymentId: 'live' },
      ...{ reconciledDeploymentId: 'new', createdAt: now, updatedAt: now, deletedAt: null },
    });
    for (const id of ['before', 'live', 'new']) {
      await store.deployments.insert({
        ...{ id, organizationId: acme.id, agentId: 'a', image: id, buildId: null, secretSet: null },
        ...{ imagePullSecretSet: null, profile: 'agent-1x', cpu: '1', memory: '1Gi', architecture: null },
        ...{ maxSessionSeconds: null, krispAudioFilter: null, phaseStartedAt: now, startFailures: 0, error: null },
        ...{ phase: 'Active', createdAt: now, updatedAt: now },
      });
      await store.deployments.markReady(id, clock.now());
    }
    const fitSlots = createSlotFitter(world);
    const agent = await found();
    await store.transaction((repos) => fitSlots(repos, agent, 3));
  });
  afterEach(() => world.drop());

  async function found() {
    const agent = await world.store.agents.find(world.acme.id, 'bot');
    if (!agent) throw new Error('The agent is there');
    return agent;
  }

  const slots = () => world.store.slots.listOfAgent('org-a', 'a');

  /** Makes two instances: one that holds a session of this deployment, and an idle one of the new one, whose place a change takes. */
  async function hold(deploymentId: string): Promise<number> {
    const { store, clock } = world;
    const [first, second] = (await slots()).filter(({ spare }) => !spare);
    if (!first || !second) throw new Error('There are places');
    const ready = { state: 'ready', workerId: 'w' } as const;
    await store.slots.change(first, { ...ready, deploymentId, instanceId: 'held' }, clock.now());
    const claim = { agentId: 'a', sessionId: 's', newInstanceId: '', maxSessions: null, workerIds: ['w'] };
    const order = { ...claim, choices: [{ state: 'ready' as const, deploymentId }] };
    const claimed = await store.transaction((repos) => repos.slots.claim(order, clock.now()));
    const epoch = claimed?.epoch ?? 0;
    await store.slots.change(second, { ...ready, deploymentId: 'new', instanceId: 'idle' }, clock.now());
    await store.sessions.insert({
      ...{ id: 's', organizationId: 'org-a', agentId: 'a', deploymentId, slotId: first.id, instanceId: 'held', epoch },
      ...{ state: 'starting', entry: 'bot', coldStart: false, createdAt: clock.now().toISOString() },
      ...{ updatedAt: clock.now().toISOString(), activatedAt: null, endedAt: null },
      ...{ endReason: null, completionStatus: null },
    });
    return epoch;
  }

  test.each([
    ['is given up', 'new', 'Failed'],
    ['is withdrawn by a rollback', 'live', 'Draining'],
  ])('can end while a deployment %s: neither waits for the other', async (how, deploymentId, phase) => {
    const { store, clock } = world;
    const epoch = await hold(deploymentId);
    const ends = createSessionEnds({ store, clock, spend: { charge: async () => {} } });
    const agent = await found();
    const next = await store.deployments.find('org-a', 'new');
    if (!next) throw new Error('The deployment is there');
    const rollouts = createRolloutService({
      ...world,
      agents: { present: async () => ({}) } as unknown as AgentService,
      builds: { findUsable: async () => expect.fail('none was built') },
      nudge: () => {},
    });
    const change = () =>
      how === 'is given up'
        ? store.transaction((repos) => createTakeover(world).giveUp(repos, agent, next))
        : rollouts.rollBack(world.acme, testActor, 'bot', { deploymentId: 'before' });
    const end = () =>
      ends.end({
        ...{ sessionId: 's', epoch, reason: 'instance_exited', at: clock.now().toISOString(), slot: 'retiring' },
      });
    // That of the idle instance comes last, when all else is taken.
    const done = await atOnce<unknown>(world, 'usage_stretch', [change, end]);
    expect(done.map((each) => (each.status === 'rejected' ? each.reason : each.status))).toEqual([
      ...['fulfilled', 'fulfilled'],
    ]);
    expect((await slots()).filter(({ state }) => state !== 'empty').map(({ state }) => state)).toEqual([
      ...['retiring', 'retiring'],
    ]);
    expect((await store.deployments.find('org-a', 'new'))?.phase).toBe(phase);
  });
});
