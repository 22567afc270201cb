import type { ObservedInstance } from '@pipecat-cloud/contract/worker';
import type { Slot } from '../slots/slot-repository.js';

export interface SlotFacts {
  slot: Slot;
  /** What its worker says of its instance; undefined when it says nothing of it. */
  seen: ObservedInstance | undefined;
  /** Its worker is connected and has said what it runs, so that silence means "not there". */
  workerKnown: boolean;
  /** Its worker has been away for so long that its place is better given to another instance. */
  workerLost: boolean;
  /** It has been away for longer than anything in its instance can go on. */
  over: boolean;
  /** Its deployment is live, or wanted and being validated. */
  current: boolean;
  /** The agent has more slots than it may have sessions: this one is not to be offered again. */
  surplus: boolean;
  /** Its instance has had its last session by the agent's policy. */
  usedUp: boolean;
  /** It has been quarantined for longer than any worker lets a bot go on. */
  overdue: boolean;
}
export interface Settlement {
  to: 'ready' | 'retiring' | 'quarantined' | 'empty';
  /** A start that failed, counted against its deployment. */
  failure?: { code: string; message: string };
}

const ended = (seen: ObservedInstance | undefined) => seen?.state === 'exited' || seen?.state === 'failed';

/** What a slot without a session becomes, given what is seen of its instance. Undefined leaves it as it is. Pure. */
export function settle(facts: SlotFacts): Settlement | undefined {
  const { slot, seen, workerKnown, workerLost, current, surplus } = facts;
  const gone = workerKnown && !seen;
  const usedUp = facts.usedUp || seen?.usedUp !== undefined;
  switch (slot.state) {
    case 'starting':
      if (ended(seen)) return { to: 'retiring', failure: failureOf(seen) };
      if (!current || surplus) return { to: 'retiring' };
      if (workerLost) return { to: 'quarantined' };
      return seen?.state === 'ready' ? { to: 'ready' } : undefined;
    case 'ready':
      if (ended(seen)) return { to: 'retiring', failure: failureOf(seen) };
      // It has taken a session that this database, from a backup, knows nothing of: that one goes on, and no other comes to it.
      if (workerLost || (seen && seen.epoch > slot.epoch)) return { to: 'quarantined' };
      return gone || !current || surplus || usedUp ? { to: 'retiring' } : undefined;
    case 'settling':
      if (gone || ended(seen)) return { to: 'retiring' };
      if (workerLost) return { to: 'quarantined' };
      // Only an instance that has accepted this very epoch and put it down again is free.
      if (seen?.state !== 'ready' || seen.epoch < slot.epoch || seen.sessionId) return undefined;
      return { to: current && !surplus && !usedUp ? 'ready' : 'retiring' };
    case 'quarantined':
      return leaveQuarantine(facts);
    case 'retiring':
      if (gone || slot.workerId === null) return { to: 'empty' };
      return workerLost ? { to: 'quarantined' } : undefined;
    case 'empty':
    case 'claimed':
      return undefined;
  }
}

/** By the stop marker, by exit, by its worker's kill, in the end by ours, or with a machine that never came back; never back to the pool. */
function leaveQuarantine({ slot, seen, workerKnown, overdue, over }: SlotFacts): Settlement | undefined {
  if (slot.workerId === null || over || (workerKnown && !seen)) return { to: 'empty' };
  if (!seen) return undefined;
  // A fenced claim may have been accepted after all: whatever runs there serves nobody that we know of.
  const fenced = seen.epoch < slot.epoch;
  const running = seen.state === 'busy' || seen.state === 'settling';
  return fenced || overdue || !running ? { to: 'retiring' } : undefined;
}

function failureOf(seen: ObservedInstance | undefined) {
  return seen?.error ?? { code: 'PCC_UNKNOWN_ERROR', message: 'The instance exited' };
}
