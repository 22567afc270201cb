import type { Agent } from '../agents/agent-repository.js';
import type { Store } from '../db/store.js';
import type { SlotState } from '../slots/slot-repository.js';
import { monotonicMs } from '../system.js';

/** Seconds that are told where nothing is known of how long sessions last. */
const unknownSeconds = 5;
const mostSeconds = 300;
/** A place whose instance is being ended is free within so long. */
const leavingSeconds = 2;
const rememberedMs = 5_000;

/**
 * In how many seconds a place is likely to become free: soon where an instance is leaving, else by how long the last sessions of the
 * agent took, divided by how many run. Pure.
 */
export function secondsUntilPlace(of: { leaving: number; open: number; meanSeconds: number | undefined }): number {
  if (of.leaving > 0) return leavingSeconds;
  if (of.meanSeconds === undefined || of.open === 0) return unknownSeconds;
  return Math.min(mostSeconds, Math.max(1, Math.ceil(of.meanSeconds / of.open)));
}

/** The same of an agent as it is now, looked up at most every few seconds: refusals come in storms. */
export function createRetryAfter({ store }: { store: Pick<Store, 'slots' | 'sessions'> }) {
  const remembered = new Map<string, { seconds: number; untilMs: number }>();
  return async ({ organizationId, id }: Agent): Promise<number> => {
    const known = remembered.get(id);
    if (known && known.untilMs > monotonicMs()) return known.seconds;
    const [slots, meanSeconds] = await Promise.all([
      store.slots.listOfAgent(organizationId, id),
      store.sessions.meanSeconds(organizationId, id),
    ]);
    const count = (...states: SlotState[]) =>
      slots.filter(({ spare, state }) => !spare && states.includes(state)).length;
    const seconds = secondsUntilPlace({
      // One that is quarantined may be on a machine that never comes back, and one that is idle, but not for this caller, stays.
      leaving: count('settling', 'retiring'),
      open: count('claimed'),
      meanSeconds,
    });
    if (remembered.size > 1000) remembered.clear();
    remembered.set(id, { seconds, untilMs: monotonicMs() + rememberedMs });
    return seconds;
  };
}
