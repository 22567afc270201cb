import { setTimeout as delay } from 'node:timers/promises';
import type { Containers } from './containers.js';

export type Endings = ReturnType<typeof createEndings>;

/** A lost event costs this long at most. */
const lookMs = 500;

/** Ends containers: politely, by force at the deadline, which a later call may bring nearer. */
export function createEndings(containers: Containers) {
  interface Ending {
    deadline: number;
    /** Something has changed: look again. */
    wake: () => void;
    done: Promise<void>;
  }
  const endings = new Map<string, Ending>();
  const forcibly = new Set<string>();

  async function end(name: string, ending: Ending): Promise<void> {
    const found = await containers.inspect(name);
    if (!found?.State.Running) return;
    const polite = found.Config.StopSignal || 'SIGTERM';
    let forced = false;
    if (ending.deadline > performance.now()) await containers.signal(found.Id, polite);
    for (;;) {
      if (!forced && ending.deadline <= performance.now()) {
        forced = true;
        forcibly.add(name);
        await containers.signal(found.Id, 'SIGKILL');
      }
      const woken = new Promise<void>((resolve) => {
        ending.wake = resolve;
      });
      if (!(await containers.inspect(found.Id))?.State.Running) return;
      const stopWaiting = new AbortController();
      const wait = forced ? lookMs : Math.min(lookMs, Math.max(0, ending.deadline - performance.now()));
      const late = delay(wait, undefined, { signal: stopWaiting.signal }).catch(() => undefined);
      await Promise.race([woken, late]);
      stopWaiting.abort();
    }
  }

  return {
    /** Resolves once nothing of the container runs. */
    async end(name: string, graceSeconds: number): Promise<void> {
      const deadline = performance.now() + graceSeconds * 1000;
      let ending = endings.get(name);
      if (!ending) {
        ending = { deadline, wake: () => undefined, done: Promise.resolve() };
        endings.set(name, ending);
        ending.done = end(name, ending).finally(() => endings.delete(name));
      }
      ending.deadline = Math.min(ending.deadline, deadline);
      ending.wake();
      await ending.done;
    },
    /** Whether it was ended by force from here. */
    wasForced: (name: string): boolean => forcibly.has(name),
    forget: (name: string): boolean => forcibly.delete(name),
    /** The container has ended. */
    ended: (name: string): void => endings.get(name)?.wake(),
  };
}
