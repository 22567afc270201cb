import type { ObservedInstance } from '@pipecat-cloud/contract/worker';
import type { Slot } from '../slots/slot-repository.js';

export interface SlotFacts {
  slot: Slot;
  /** What its worker says of its instance; undefined when it says nothing of it. */
  seen: ObservedInstance | undefined;
  /** Its worker is connected and has said what it runs, so that silence means "not there". */
  workerKnown: boolean;
  /** Its deployment is live, or wanted and being validated. */
  current: boolean;
  /** The agent has more slots than it may have sessions: this one is not to be offered again. */
  surplus: boolean;
}
export interface Settlement {
  to: 'ready' | 'retiring' | 'empty';
  /** A start that failed, counted against its deployment. */
  failure?: { code: string; message: string };
}

const ended = (seen: ObservedInstance | undefined) => seen?.state === 'exited' || seen?.state === 'failed';

/** What a slot without a session becomes, given what is seen of its instance. Undefined leaves it as it is. Pure. */
export function settle({ slot, seen, workerKnown, current, surplus }: SlotFacts): Settlement | undefined {
  const gone = workerKnown && !seen;
  switch (slot.state) {
    case 'starting':
      if (ended(seen)) return { to: 'retiring', failure: failureOf(seen) };
      if (!current || surplus) return { to: 'retiring' };
      return seen?.state === 'ready' ? { to: 'ready' } : undefined;
    case 'ready':
      if (ended(seen)) return { to: 'retiring', failure: failureOf(seen) };
      return gone || !current || surplus ? { to: 'retiring' } : undefined;
    case 'settling':
      if (gone || ended(seen)) return { to: 'retiring' };
      // Only an instance that has accepted this very epoch and put it down again is free.
      if (seen?.state !== 'ready' || seen.epoch < slot.epoch || seen.sessionId) return undefined;
      return { to: current && !surplus ? 'ready' : 'retiring' };
    case 'retiring':
      return gone || slot.workerId === null ? { to: 'empty' } : undefined;
    case 'empty':
    case 'claimed':
      return undefined;
  }
}

function failureOf(seen: ObservedInstance | undefined) {
  return seen?.error ?? { code: 'PCC_UNKNOWN_ERROR', message: 'The instance exited' };
}
