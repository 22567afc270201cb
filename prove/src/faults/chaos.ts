import { failpoints } from '@pipecat-cloud/contract/failpoint';
import { readHistory } from '../checker/history.js';
import { patienceMs } from '../checker/limits.js';
import { shortfallsOf } from '../checker/shortfalls.js';
import type { Market } from '../load/market.js';
import type { Random } from '../random.js';
import type { Tally } from '../tally.js';
import { now, pause } from '../world/wait.js';
import type { World } from '../world/world.js';
import { failpointFaults, meet } from './failpoints.js';
import type { Fault } from './fault.js';
import { processFaults } from './processes.js';
import { provoke } from './provoke.js';
import { surroundingFaults } from './surroundings.js';

export interface ChaosOptions {
  world: World;
  market: Market;
  random: Random;
  /** Nothing new is broken from then on; what was begun is seen through. */
  signal: AbortSignal;
  /** Somebody ends the run: nothing is waited for any more. */
  stopped: AbortSignal;
  tally: Tally;
  say: (line: string) => void;
  only: readonly string[];
}

/** What leads to a failpoint is done again and again for so long, on a busy machine too. */
const comeByMs = 80_000;

/**
 * A crash at every failpoint, one after the other, each brought about by doing what leads there, and each with the time to recover.
 * Returns which were not tried, and why: nobody knows what happens there. What the time did not suffice for is not among them.
 */
export async function walkFailpoints(options: ChaosOptions): Promise<string[]> {
  const { world, market, random, signal, stopped, tally, say, only } = options;
  if (only.length > 0) return [];
  const untried: string[] = [];
  let [met, missed] = [0, 0];
  for (const name of random.shuffled(failpoints)) {
    if (signal.aborted) break;
    const done = new AbortController();
    const provoking = provoke(name, random.stream(name), market, done.signal);
    const passed = await meet(world, name, 'kill', { deadlineMs: comeByMs, signal: stopped });
    done.abort();
    await provoking;
    if (stopped.aborted) break;
    if (!passed) {
      missed++;
      untried.push(`No process came by the failpoint ${name}, so what happens there was not tried.`);
      continue;
    }
    met++;
    tally.add(`killed at ${name}`);
    const taken = await market.withTaken(() => converged(world, market, stopped), stopped);
    if (taken === 0 && !stopped.aborted)
      untried.push(
        `After the crash at ${name} nobody was given an idle instance, so whether pools recover was not tried.`,
      );
  }
  const left = failpoints.length - met - missed;
  const noTime = left > 0 ? `; for ${left} there was no time` : '';
  say(`Killed at ${met} of ${failpoints.length} failpoints${noTime}.`);
  return untried;
}

/** Resolves once every pool is at its target and every end is told, or later than the checker allows, which judges it. */
async function converged({ recorder }: World, { watcher }: Market, stopped: AbortSignal): Promise<void> {
  const isShort = () => shortfallsOf(readHistory(recorder.events())).some(({ to }) => to === undefined);
  const begun = now();
  do await pause(250, stopped);
  while (!stopped.aborted && (watcher.untold() > 0 || isShort()) && now() - begun < patienceMs);
}

/** One fault after the other until the signal aborts; now and then two at once. */
export async function chaos({ world, random, signal, tally, say, only }: ChaosOptions): Promise<void> {
  const all = [...processFaults, ...failpointFaults, ...surroundingFaults];
  const wanted = all.filter(({ name }) => only.length === 0 || only.some((part) => name.includes(part)));
  const possible = wanted.filter(({ missing }) => missing?.(world) === undefined);
  for (const { name, missing } of wanted) {
    const why = missing?.(world);
    if (why !== undefined) say(`Left out: ${name} (${why})`);
  }
  const strike = createStrike(possible, async (fault) => {
    await fault.make(world, random, signal);
    tally.add(fault.name);
  });
  while (!signal.aborted && possible.length > 0) {
    await Promise.all(random.chance(0.15) ? [strike(random), strike(random)] : [strike(random)]);
    await pause(random.between(300, 5_000), signal);
  }
}

/** Makes one of the faults at a time, or several at once, but none whose place another is at: then nothing where there are no more. */
export function createStrike(faults: readonly Fault[], make: (fault: Fault) => Promise<void>) {
  const taken = new Set<string>();
  return async (random: Random): Promise<void> => {
    const free = faults.filter(({ place }) => place === undefined || !taken.has(place));
    if (free.length === 0) return;
    const fault = random.weighted(free);
    const { place } = fault;
    if (place !== undefined) taken.add(place);
    try {
      await make(fault);
    } finally {
      if (place !== undefined) taken.delete(place);
    }
  };
}
