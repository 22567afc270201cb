import { expect, test } from 'vitest';
import type { Agent } from '../agents/agent-repository.js';
import { databases } from '../testing/databases.js';
import { openTwoOrganizations } from '../testing/two-organizations.js';
import { newSlot } from './new-slot.js';

test.skipIf(databases.length < 2)('a place that somebody is changing is waited for, not taken for none', async () => {
  const postgres = databases.find(({ name }) => name === 'PostgreSQL');
  if (!postgres) return;
  const world = await openTwoOrganizations(postgres);
  try {
    const { store, acme, ids, clock } = world;
    const now = clock.now();
    const agent = {
      ...{ id: ids.id(), organizationId: acme.id, name: 'bot', region: 'us-west', minAgents: 0, maxAgents: 1 },
      ...{ reuseMaxSessions: null, reuseMaxMemoryPercent: null, websocketAuth: 'none', deletedAt: null },
      ...{ desiredDeploymentId: null, liveDeploymentId: null, reconciledDeploymentId: null },
      ...{ createdAt: now.toISOString(), updatedAt: now.toISOString() },
    } as Agent;
    await store.agents.insert(agent);
    const slot = newSlot(ids.id(), agent, { spare: false, now });
    await store.slots.insert([slot]);
    const locked = Promise.withResolvers<void>();
    const release = Promise.withResolvers<void>();
    const holding = store.transaction(async (repos) => {
      await repos.slots.change(slot, { notBefore: null, workerId: 'w' }, now);
      locked.resolve();
      await release.promise;
    });
    await locked.promise;
    const order = { agentId: agent.id, sessionId: ids.id(), newInstanceId: ids.id() };
    const choices = [{ state: 'empty', deploymentId: ids.id() }] as const;
    const claiming = store.transaction((repos) =>
      repos.slots.claim({ ...order, choices, maxSessions: null, workerIds: [] }, now),
    );
    claiming.catch(() => undefined);
    // It may still be looking; whatever it does, it must not have said that there is none.
    expect(await Promise.race([claiming, new Promise((resolve) => setTimeout(resolve, 200, 'waits'))])).toBe('waits');
    release.resolve();
    await holding;
    // There is no such deployment, which only whoever had the row could hear.
    await expect(claiming).rejects.toThrow(/foreign key/);
  } finally {
    await world.drop();
  }
});
