import { type Failpoint, failpoints } from '@pipecat-cloud/contract/failpoint';
import { readHistory } from '../checker/history.js';
import { patienceMs } from '../checker/limits.js';
import { shortfallsOf } from '../checker/shortfalls.js';
import type { Market } from '../load/market.js';
import type { Random } from '../random.js';
import type { Tally } from '../tally.js';
import { now, pause } from '../world/wait.js';
import type { World } from '../world/world.js';
import { failpointFaults, meet } from './failpoints.js';
import { processFaults } from './processes.js';
import { provoke } from './provoke.js';
import { surroundingFaults } from './surroundings.js';

export interface ChaosOptions {
  world: World;
  market: Market;
  random: Random;
  signal: AbortSignal;
  tally: Tally;
  say: (line: string) => void;
  only: readonly string[];
}

/** What leads to a failpoint is done again and again for so long, on a busy machine too. */
const comeByMs = 80_000;

/**
 * A crash at every failpoint, one after the other, each brought about by doing what leads there, and each with the time to recover.
 * Returns those that no process came by: nobody knows what happens there. What the time did not suffice for is not among them; one
 * that was begun is seen through.
 */
export async function walkFailpoints(options: ChaosOptions): Promise<Failpoint[]> {
  const { world, market, random, signal, tally, say, only } = options;
  if (only.length > 0) return [];
  const missed: Failpoint[] = [];
  let met = 0;
  for (const name of random.shuffled(failpoints)) {
    if (signal.aborted) break;
    const done = new AbortController();
    const provoking = provoke(name, random.stream(name), market, done.signal);
    const passed = await meet(world, name, 'kill', comeByMs);
    done.abort();
    await provoking;
    if (!passed) {
      missed.push(name);
      continue;
    }
    met++;
    tally.add(`killed at ${name}`);
    await market.withTaken(() => converged(world, market));
  }
  const untried = failpoints.length - met - missed.length;
  const left = untried > 0 ? `; for ${untried} there was no time` : '';
  say(`Killed at ${met} of ${failpoints.length} failpoints${left}.`);
  return missed;
}

/** Resolves once every pool is at its target and every end is told, or later than the checker allows, which judges it. */
async function converged({ recorder }: World, { watcher }: Market): Promise<void> {
  const isShort = () => shortfallsOf(readHistory(recorder.events())).some(({ to }) => to === undefined);
  const begun = now();
  do await pause(250);
  while ((watcher.untold() > 0 || isShort()) && now() - begun < patienceMs);
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
  const strike = async () => {
    const fault = random.weighted(possible);
    await fault.make(world, random, signal);
    tally.add(fault.name);
  };
  while (!signal.aborted && possible.length > 0) {
    await Promise.all(random.chance(0.15) ? [strike(), strike()] : [strike()]);
    await pause(random.between(300, 5_000), signal);
  }
}
