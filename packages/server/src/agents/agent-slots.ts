import type { Repositories } from '../db/store.js';
import { newSlot } from '../slots/new-slot.js';
import type { Slot } from '../slots/slot-repository.js';
import { surplusSlots } from '../slots/surplus.js';
import type { Clock, Ids } from '../system.js';
import type { Agent } from './agent-repository.js';

/** One row for each session that may run at once, and a spare one. */
export function createSlotFitter({ clock, ids }: { clock: Clock; ids: Ids }) {
  return async (repos: Repositories, agent: Agent, maxAgents: number): Promise<void> => {
    const now = clock.now();
    const slots = await repos.slots.listOfAgent(agent.organizationId, agent.id);
    const add = (spare: boolean) => newSlot(ids.id(), agent, { spare, now });
    const counted = slots.filter(({ spare }) => !spare);
    const missing = Array.from({ length: Math.max(0, maxAgents - counted.length) }, () => add(false));
    const spare = slots.some((slot) => slot.spare) ? [] : [add(true)];
    await repos.slots.insert([...missing, ...spare]);
    // Those with a session go at its end; any other could take one at once, and before the reconciler looks.
    for (const slot of surplusSlots(slots, maxAgents)) {
      if (slot.state === 'empty') await repos.slots.remove(slot);
      if (slot.state === 'ready' || slot.state === 'starting')
        await repos.slots.change(slot, { state: 'retiring' }, now);
    }
  };
}

/**
 * Retires an idle instance and has a place at once for another: the old one stands on a spare place until it is gone, which the
 * reconciler then removes. False when the slot has changed since it was read.
 */
export async function vacate(repos: Pick<Repositories, 'slots'>, ids: Ids, slot: Slot, now: Date): Promise<boolean> {
  if (!(await repos.slots.change(slot, { state: 'retiring', spare: true }, now))) return false;
  await repos.slots.insert([
    newSlot(ids.id(), { id: slot.agentId, organizationId: slot.organizationId }, { spare: false, now }),
  ]);
  return true;
}
