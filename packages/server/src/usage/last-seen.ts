import type { Store } from '../db/store.js';
import type { Slot } from '../slots/slot-repository.js';
import { type Clock, monotonicMs } from '../system.js';

const keptEveryMs = 60_000;
const setting = 'usage-seen-at';

/**
 * Until when an idle instance that is gone was there: up to the last pass that saw it, and for one that was gone when this control plane
 * began to look, up to when somebody looked last. Else a night without power would count as one in which everything was kept warm.
 */
export function createLastSeen({ store, clock }: { store: Store; clock: Clock }) {
  let seen = new Map<string, Date>();
  let before: string | undefined;
  let nextMs: number | undefined;

  return {
    /** Of one pass, before anything is settled. */
    async look(slots: readonly Slot[], isThere: (slot: Slot) => boolean): Promise<void> {
      if (nextMs === undefined) before = await store.settings.find(setting);
      nextMs ??= 0;
      const now = clock.now();
      const idle = slots.flatMap((slot) =>
        slot.state === 'ready' && slot.instanceId !== null ? [{ slot, id: slot.instanceId }] : [],
      );
      // Where none is idle there is none to remember that of.
      if (idle.length > 0 && monotonicMs() >= nextMs) {
        await store.settings.put(setting, now.toISOString());
        nextMs = monotonicMs() + keptEveryMs;
      }
      const next = new Map<string, Date>();
      for (const { slot, id } of idle) {
        const at = isThere(slot) ? now : seen.get(id);
        if (at) next.set(id, at);
      }
      seen = next;
    },

    /** Undefined where nothing says that it was gone before now. */
    ofGone(slot: Slot): Date | undefined {
      const at = seen.get(slot.instanceId ?? '');
      if (at || before === undefined) return at;
      return new Date(before < slot.changedAt ? slot.changedAt : before);
    },
  };
}
