import { until } from '../world/wait.js';
import type { Caller } from './caller.js';
import type { Watcher } from './watcher.js';

export interface Place {
  caller: Pick<Caller, 'start' | 'end' | 'look'>;
  agent: string;
}
export interface Takers {
  capMs: number;
  watcher: Pick<Watcher, 'watch'>;
  counted: (what: string) => void;
  /** For how long a start that is refused, or whose answer is lost, is tried again. */
  patienceMs?: number;
  /** Somebody ends the run. */
  stopped: AbortSignal;
}

/** Holds an instance of each of these for as long as `work` takes, however it goes. Resolves to how many were held. */
export async function whileTaken(
  places: readonly Place[],
  work: () => Promise<void>,
  { capMs, watcher, counted, patienceMs = 60_000, stopped }: Takers,
): Promise<number> {
  async function take({ caller, agent }: Place) {
    const start = () => caller.start(agent, { does: 'talk', seconds: 600 }, capMs);
    const held = await until(`${agent} is taken`, start, patienceMs, stopped).catch(() => undefined);
    counted(held ? 'idle instance taken after a crash' : 'no idle instance given after a crash');
    if (!held) return undefined;
    watcher.watch(caller, agent, held.session);
    return () => caller.end(agent, held.session, stopped);
  }

  const taken = (await Promise.all(places.map(take))).filter((leave) => leave !== undefined);
  try {
    await work();
  } finally {
    await Promise.all(taken.map((leave) => leave()));
  }
  return taken.length;
}
