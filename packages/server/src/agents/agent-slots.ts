import type { Repositories } from '../db/store.js';
import type { Slot } from '../slots/slot-repository.js';
import { surplusSlots } from '../slots/surplus.js';
import type { Clock, Ids } from '../system.js';
import type { Agent } from './agent-repository.js';

/** One row for each session that may run at once, and a spare one. */
export function createSlotFitter({ clock, ids }: { clock: Clock; ids: Ids }) {
  function newSlot(agent: Agent, spare: boolean): Slot {
    return {
      id: ids.id(),
      organizationId: agent.organizationId,
      agentId: agent.id,
      spare,
      state: 'empty',
      epoch: 0,
      deploymentId: null,
      instanceId: null,
      workerId: null,
      sessionId: null,
      changedAt: clock.now().toISOString(),
      notBefore: null,
    };
  }

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
