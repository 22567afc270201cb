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
    const slots = await repos.slots.holdOfAgent(agent.organizationId, agent.id);
    const add = (spare: boolean) => newSlot(ids.id(), agent, { spare, now });
    const counted = slots.filter(({ spare }) => !spare);
    const missing = Array.from({ length: Math.max(0, maxAgents - counted.length) }, () => add(false));
    const spare = slots.some((slot) => slot.spare) ? [] : [add(true)];
    await repos.slots.insert([...missing, ...spare]);
    // Those with a session go at its end; any other could take one at once, and before the reconciler looks.
    const surplus = surplusSlots(slots, maxAgents).sort((a, b) => a.id.localeCompare(b.id));
    for (const slot of surplus) {
      if (slot.state === 'empty') await repos.slots.remove(slot);
      if (slot.state === 'ready' || slot.state === 'starting')
        await repos.slots.change(slot, { state: 'retiring' }, now);
    }
  };
}

type AgentPlaces = Pick<Repositories, 'agents' | 'slots'>;

/**
 * Whether more places count than the agent's limit of now allows: it was lowered, and sessions that began before go on. Until they
 * are over no place may come free, whatever was read of the agent before: it would be one for a session too many.
 */
export async function isOverLimit(
  repos: AgentPlaces,
  { organizationId, agentId }: Pick<Slot, 'organizationId' | 'agentId'>,
): Promise<boolean> {
  const maxAgents = await repos.agents.holdLimit(organizationId, agentId);
  const slots = await repos.slots.holdOfAgent(organizationId, agentId);
  return slots.filter(({ spare }) => !spare).length > maxAgents;
}

/**
 * Retires an idle instance and has a place at once for another, within the agent's limit: the old one stands on a spare place until
 * it is gone, which the reconciler then removes. False when the slot has changed since it was read.
 */
export async function vacate(repos: AgentPlaces, ids: Ids, slot: Slot, now: Date): Promise<boolean> {
  if (await isOverLimit(repos, slot)) return await repos.slots.change(slot, { state: 'retiring' }, now);
  if (!(await repos.slots.change(slot, { state: 'retiring', spare: true }, now))) return false;
  await repos.slots.insert([
    newSlot(ids.id(), { id: slot.agentId, organizationId: slot.organizationId }, { spare: false, now }),
  ]);
  return true;
}
