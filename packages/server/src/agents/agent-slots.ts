import type { Repositories } from '../db/store.js';
import type { Slot } from '../slots/slot-repository.js';
import { surplusSlots } from '../slots/surplus.js';
import type { Clock, Ids } from '../system.js';
import type { Agent } from './agent-repository.js';

/** One row for each session that may run at once, and a spare one. */
export function createSlotFitter({ clock, ids }: { clock: Clock; ids: Ids }) {
  const newSlot = (agent: Agent, spare: boolean) =>
    emptySlot(ids, { organizationId: agent.organizationId, agentId: agent.id, spare }, clock.now());

  return async (repos: Repositories, agent: Agent, maxAgents: number): Promise<void> => {
    const slots = await repos.slots.listOfAgent(agent.organizationId, agent.id);
    const counted = slots.filter(({ spare }) => !spare);
    const missing = Array.from({ length: Math.max(0, maxAgents - counted.length) }, () => newSlot(agent, false));
    const spare = slots.some((slot) => slot.spare) ? [] : [newSlot(agent, true)];
    await repos.slots.insert([...missing, ...spare]);
    // The reconciler retires the others; an empty one could take a session at once.
    for (const slot of surplusSlots(slots, maxAgents)) if (slot.state === 'empty') await repos.slots.remove(slot);
  };
}

/**
 * Retires an idle instance and has a place at once for another: the old one stands on a spare place until it is gone, which the
 * reconciler then removes. False when the slot has changed since it was read.
 */
export async function vacate(repos: Pick<Repositories, 'slots'>, ids: Ids, slot: Slot, now: Date): Promise<boolean> {
  if (!(await repos.slots.change(slot, { state: 'retiring', spare: true }, now))) return false;
  await repos.slots.insert([emptySlot(ids, { ...slot, spare: false }, now)]);
  return true;
}

function emptySlot(ids: Ids, of: Pick<Slot, 'organizationId' | 'agentId' | 'spare'>, now: Date): Slot {
  return {
    id: ids.id(),
    organizationId: of.organizationId,
    agentId: of.agentId,
    spare: of.spare,
    state: 'empty',
    epoch: 0,
    deploymentId: null,
    instanceId: null,
    workerId: null,
    sessionId: null,
    changedAt: now.toISOString(),
    notBefore: null,
  };
}
