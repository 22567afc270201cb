import type { Agent } from '../agents/agent-repository.js';
import { isOverLimit } from '../agents/agent-slots.js';
import type { Store } from '../db/store.js';
import { newSlot } from '../slots/new-slot.js';
import type { Slot } from '../slots/slot-repository.js';
import { quarantineLimit } from '../slots/surplus.js';
import type { Clock, Ids } from '../system.js';

/**
 * Gives the place of each quarantined instance to a new slot, so that callers have as many as before; the quarantined one is a
 * spare from then on and goes with its instance. How many may be so is bounded: beyond that the agent has fewer places, as it has
 * where its limit was lowered. True when something changed.
 */
export function createPlaces({ store, clock, ids }: { store: Store; clock: Clock; ids: Ids }) {
  return async (agent: Agent, slots: readonly Slot[]): Promise<boolean> => {
    const quarantined = slots.filter(({ state }) => state === 'quarantined');
    const waiting = quarantined.filter(({ spare }) => !spare);
    const room = quarantineLimit(agent.maxAgents) - (quarantined.length - waiting.length);
    if (waiting.length === 0 || slots.filter(({ spare }) => !spare).length > agent.maxAgents) return false;
    let changed = false;
    for (const slot of waiting.slice(0, Math.max(0, room))) {
      const now = clock.now();
      const given = await store.transaction(async (repos) => {
        // The limit may have been lowered since.
        if (await isOverLimit(repos, slot)) return false;
        if (!(await repos.slots.change(slot, { spare: true }, now))) return false;
        await repos.slots.insert([newSlot(ids.id(), agent, { spare: false, now })]);
        return true;
      });
      changed = given || changed;
    }
    return changed;
  };
}
