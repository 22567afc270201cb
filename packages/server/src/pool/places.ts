import type { Agent } from '../agents/agent-repository.js';
import { createSlotFitter, isOverLimit } from '../agents/agent-slots.js';
import type { Store } from '../db/store.js';
import { newSlot } from '../slots/new-slot.js';
import type { Slot } from '../slots/slot-repository.js';
import { quarantineLimit } from '../slots/surplus.js';
import type { Clock, Ids } from '../system.js';
import { type Absences, isLost } from './lost-workers.js';

interface PlacesDeps {
  store: Store;
  clock: Clock;
  ids: Ids;
  workers: Absences;
}

/**
 * Sees to it that an agent has the places that its limit allows, also where an earlier version has lost one. Gives the place of each
 * quarantined instance to a new slot, so that callers have as many as before; the quarantined one is a spare from then on and goes with
 * its instance. How many may be so on machines that are here is bounded: beyond that the agent has fewer places, as it has where its
 * limit was lowered. True when something changed.
 */
export function createPlaces({ store, clock, ids, workers }: PlacesDeps) {
  const fitSlots = createSlotFitter({ clock, ids });

  async function restore(agent: Agent): Promise<boolean> {
    return await store.transaction(async (repos) => {
      const maxAgents = await repos.agents.holdLimit(agent.organizationId, agent.id);
      if (maxAgents === 0) return false;
      await fitSlots(repos, agent, maxAgents);
      return true;
    });
  }

  async function givePlace(agent: Agent, slot: Slot): Promise<boolean> {
    const now = clock.now();
    return await store.transaction(async (repos) => {
      // The limit may have been lowered since.
      if (await isOverLimit(repos, slot)) return false;
      if (!(await repos.slots.change(slot, { spare: true }, now))) return false;
      await repos.slots.insert([newSlot(ids.id(), agent, { spare: false, now })]);
      return true;
    });
  }

  return async (agent: Agent, slots: readonly Slot[]): Promise<boolean> => {
    const counted = slots.filter(({ spare }) => !spare);
    // Without any row, nothing was read of it.
    if (slots.length > 0 && counted.length < agent.maxAgents) return await restore(agent);
    const quarantined = slots.filter(({ state }) => state === 'quarantined');
    const waiting = quarantined.filter(({ spare }) => !spare);
    if (waiting.length === 0 || counted.length > agent.maxAgents) return false;
    const isAway = (slot: Slot) => isLost(workers, slot);
    const aside = quarantined.filter((slot) => slot.spare && !isAway(slot));
    const room = Math.max(0, quarantineLimit(agent.maxAgents) - aside.length);
    const given = [...waiting.filter(isAway), ...waiting.filter((slot) => !isAway(slot)).slice(0, room)];
    let changed = false;
    for (const slot of given) changed = (await givePlace(agent, slot)) || changed;
    return changed;
  };
}
