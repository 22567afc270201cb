import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Agent } from '../agents/agent-repository.js';
import { newSlot } from '../slots/new-slot.js';
import { databases } from '../testing/databases.js';
import { openTwoOrganizations, type TwoOrganizations } from '../testing/two-organizations.js';
import { createApplySettlements } from './apply-settlements.js';

describe.each(databases)('what a pass has decided, on $name', (database) => {
  let world: TwoOrganizations;
  beforeEach(async () => {
    world = await openTwoOrganizations(database);
    const { store, acme, clock } = world;
    const now = clock.now().toISOString();
    await store.agents.insert({
      ...{ id: 'a', organizationId: acme.id, name: 'bot', region: 'us-west', minAgents: 0, maxAgents: 2 },
      ...{ websocketAuth: 'none', desiredDeploymentId: null, liveDeploymentId: null, reconciledDeploymentId: null },
      ...{ createdAt: now, updatedAt: now, deletedAt: null },
    });
    const slot = newSlot('s', { id: 'a', organizationId: acme.id }, { spare: false, now: clock.now() });
    await store.slots.insert([{ ...slot, state: 'retiring' }]);
  });
  afterEach(() => world.drop());

  async function empties(maxAgents: number): Promise<[changed: boolean, state: string | undefined]> {
    const { store, clock, acme } = world;
    const agents = new Map([['a', { maxAgents } as Agent]]);
    const [slot] = await store.slots.listOfAgent(acme.id, 'a');
    if (!slot) throw new Error('It is there');
    const apply = createApplySettlements({ store, clock, log: pino({ level: 'silent' }), startFailed: () => {} });
    const changed = await apply({ agents }, [{ slot, settlement: { to: 'empty' }, readyUntil: undefined }]);
    return [changed, (await store.slots.listOfAgent(acme.id, 'a'))[0]?.state];
  }

  test('is written where the limit is still what it was read as', async () => {
    expect(await empties(2)).toEqual([true, 'empty']);
  });

  test('waits for the next pass where the limit was lowered since: no place comes free for a session too many', async () => {
    await world.store.agents.update(world.acme.id, 'a', { maxAgents: 1 }, world.clock.now());
    expect(await empties(2)).toEqual([true, 'retiring']);
    expect(await empties(1)).toEqual([true, 'empty']);
  });

  test('is written of a deleted agent, too', async () => {
    const { store, clock, acme } = world;
    await store.agents.markDeleted(acme.id, 'a', clock.now());
    const [slot] = await store.slots.listOfAgent(acme.id, 'a');
    if (!slot) throw new Error('It is there');
    const apply = createApplySettlements({ store, clock, log: pino({ level: 'silent' }), startFailed: () => {} });
    await apply({ agents: new Map() }, [{ slot, settlement: { to: 'empty' }, readyUntil: undefined }]);
    expect((await store.slots.listOfAgent(acme.id, 'a'))[0]?.state).toBe('empty');
  });
});
