import type { Slot, SlotState } from './slot-repository.js';

const removalOrder: readonly SlotState[] = [
  'empty',
  'retiring',
  'quarantined',
  'starting',
  'ready',
  'settling',
  'claimed',
];

/**
 * Slots of one agent beyond what it may have: those that count above `maxAgents`, free ones first, so that none that is left can
 * take a session too many; and every spare but one, quarantined ones aside, which go once they are let out.
 */
export function surplusSlots(slots: readonly Slot[], maxAgents: number): Slot[] {
  const byOrder = [...slots].sort((a, b) => removalOrder.indexOf(a.state) - removalOrder.indexOf(b.state));
  const counted = byOrder.filter(({ spare }) => !spare);
  const spares = byOrder.filter(({ spare, state }) => spare && state !== 'quarantined');
  return [
    ...counted.slice(0, Math.max(0, counted.length - maxAgents)),
    ...spares.slice(0, Math.max(0, spares.length - 1)),
  ];
}

/** Quarantined instances, of those on machines that are here, whose place another may take: half of the limit, so that an agent whose bots never end fills none. */
export function quarantineLimit(maxAgents: number): number {
  return Math.max(1, Math.ceil(maxAgents / 2));
}
