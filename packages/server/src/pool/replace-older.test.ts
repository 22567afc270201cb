import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createSlotFitter } from '../agents/agent-slots.js';
import type { SlotState } from '../slots/slot-repository.js';
import { databases } from '../testing/databases.js';
import { openTwoOrganizations, type TwoOrganizations } from '../testing/two-organizations.js';
import { createReplaceOlder } from './replace-older.js';

describe.each(databases)('replacing older instances on $name', (database) => {
  let world: TwoOrganizations;
  beforeEach(async () => {
    world = await openTwoOrganizations(database);
  });
  afterEach(() => world.drop());

  /** An agent on which 'live' has replaced 'older', with these slots on the places that count and these on spare ones. */
  async function open(options: {
    maxAgents: number;
    counted: [SlotState, string | null, number][];
    spare?: [SlotState, string];
  }) {
    const { store, acme, clock, ids } = world;
    const now = clock.now();
    const times = { createdAt: now.toISOString(), updatedAt: now.toISOString() };
    await store.agents.insert({
      ...{ id: 'a', organizationId: acme.id, name: 'bot', region: 'us-west', minAgents: 0, websocketAuth: 'none' },
      ...{ desiredDeploymentId: 'live', liveDeploymentId: 'live', reconciledDeploymentId: 'live', deletedAt: null },
      ...{ maxAgents: options.maxAgents, ...times },
    });
    for (const id of ['older', 'live']) {
      await store.deployments.insert({
        ...{ id, organizationId: acme.id, agentId: 'a', image: id, buildId: null, secretSet: null },
        ...{ imagePullSecretSet: null, profile: 'agent-1x', cpu: '1', memory: '1Gi', architecture: null },
        ...{ maxSessionSeconds: null, krispAudioFilter: null, phaseStartedAt: '', startFailures: 0, error: null },
        ...{ phase: id === 'live' ? 'Active' : 'Draining', ...times },
      });
    }
    await store.agents.update(acme.id, 'a', { fallbackDeploymentIds: ['older'] }, now);
    const found = async () => {
      const agent = await store.agents.find(acme.id, 'bot');
      if (!agent) throw new Error('The agent is there');
      return agent;
    };
    const fitSlots = createSlotFitter(world);
    const made = await found();
    await store.transaction((repos) => fitSlots(repos, made, options.maxAgents));
    const slots = () => store.slots.listOfAgent(acme.id, 'a');
    const places = await slots();
    const fill = async (spare: boolean, state: SlotState, deploymentId: string | null, count: number) => {
      for (const place of places.filter((one) => one.spare === spare && one.state === 'empty').slice(0, count)) {
        await store.slots.change(place, { state, deploymentId, instanceId: ids.id() }, clock.now());
        place.state = state;
      }
    };
    for (const [state, deploymentId, count] of options.counted) await fill(false, state, deploymentId, count);
    if (options.spare) await fill(true, ...options.spare, 1);

    const replaceOlder = createReplaceOlder(world);
    return {
      found,
      async replace(target: number): Promise<boolean> {
        const live = await store.deployments.find(acme.id, 'live');
        return await replaceOlder({ agent: await found(), desired: live, live, slots: await slots(), target });
      },
      async counts(): Promise<Record<string, number>> {
        const of = ({ spare, state, deploymentId }: Awaited<ReturnType<typeof slots>>[number]) =>
          `${spare ? 'spare ' : ''}${state}${deploymentId ? ` ${deploymentId}` : ''}`;
        return Object.fromEntries([...Map.groupBy(await slots(), of)].map(([name, all]) => [name, all.length]));
      },
    };
  }

  test('a few at a time leave, and their places are free at once', async () => {
    const { replace, counts } = await open({ maxAgents: 20, counted: [['ready', 'older', 20]] });
    await replace(0);
    const two = { 'ready older': 18, empty: 2, 'spare empty': 1, 'spare retiring older': 2 };
    expect(await counts()).toEqual(two);
    // Until these are gone.
    await replace(0);
    expect(await counts()).toEqual(two);
  });

  test('none leaves below the warm target: the next stands in a spare place, then takes that of the oldest', async () => {
    const { replace, counts } = await open({ maxAgents: 3, counted: [['ready', 'older', 3]] });
    expect(await replace(3)).toBe(true);
    expect(await counts()).toEqual({ 'ready older': 3, 'spare starting live': 1 });
    expect(await replace(3)).toBe(false);
    for (const slot of await world.store.slots.listOfAgent(world.acme.id, 'a'))
      if (slot.spare) await world.store.slots.change(slot, { state: 'ready' }, world.clock.now());
    expect(await replace(3)).toBe(true);
    expect(await counts()).toEqual({ 'ready older': 2, 'ready live': 1, 'spare retiring older': 1 });
  });

  test('never one that holds a session, also when there is nothing else', async () => {
    const { replace, counts } = await open({
      ...{ maxAgents: 2, counted: [['claimed', 'older', 2]] },
      spare: ['ready', 'live'],
    });
    await replace(2);
    expect(await counts()).toEqual({ 'claimed older': 2, 'spare ready live': 1 });
  });

  test('one that is ready beside takes a free place before that of an older one', async () => {
    const { replace, counts } = await open({
      ...{ maxAgents: 2, counted: [['ready', 'older', 1]] },
      spare: ['ready', 'live'],
    });
    await replace(2);
    expect(await counts()).toEqual({ 'ready older': 1, 'ready live': 1, 'spare empty': 1 });
  });

  test('once none is left, none is looked for', async () => {
    const { replace, found } = await open({ maxAgents: 1, counted: [['ready', 'live', 1]] });
    expect(await replace(1)).toBe(true);
    expect((await found()).fallbackDeploymentIds).toEqual([]);
    expect(await replace(1)).toBe(false);
  });
});
