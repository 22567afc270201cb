import type { Slot, SlotState } from './slot-repository.js';

const removalOrder: readonly SlotState[] = ['empty', 'retiring', 'starting', 'ready', 'settling', 'claimed'];

/**
 * Slots of one agent beyond what it may have: those that count above `maxAgents`, free ones first, so that none that is left can
 * take a session too many; and every spare but one.
 */
export function surplusSlots(slots: readonly Slot[], maxAgents: number): Slot[] {
  const byOrder = [...slots].sort((a, b) => removalOrder.indexOf(a.state) - removalOrder.indexOf(b.state));
  const counted = byOrder.filter(({ spare }) => !spare);
  const spares = byOrder.filter(({ spare }) => spare);
  return [
    ...counted.slice(0, Math.max(0, counted.length - maxAgents)),
    ...spares.slice(0, Math.max(0, spares.length - 1)),
  ];
}
