import { type Failpoint, failpoints } from '@pipecat-cloud/contract/failpoint';
import type { Market } from '../load/market.js';
import type { Random } from '../random.js';
import type { Tally } from '../tally.js';
import { pause } from '../world/wait.js';
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

/**
 * A crash at every failpoint, one after the other, each brought about by doing what leads there. Returns those that no process came
 * by, though it was tried twice: nobody knows what happens there. What the time did not suffice for is not among them.
 */
export async function walkFailpoints(options: ChaosOptions): Promise<string[]> {
  const { random, signal, say, only } = options;
  if (only.length > 0) return [];
  const first = await crashAtEach(random.shuffled(failpoints), options, 20_000);
  const missed = await crashAtEach(first.missed, options, 60_000);
  const met = first.met + missed.met;
  const left = signal.aborted ? '; for more there was no time' : '';
  say(`Killed at ${met} of ${failpoints.length} failpoints${left}.`);
  return signal.aborted ? [] : missed.missed;
}

async function crashAtEach(
  names: readonly Failpoint[],
  { world, market, random, signal, tally }: ChaosOptions,
  deadlineMs: number,
): Promise<{ met: number; missed: Failpoint[] }> {
  const missed: Failpoint[] = [];
  let met = 0;
  for (const name of names) {
    if (signal.aborted) break;
    const done = new AbortController();
    const provoking = provoke(name, random.one(market.shops), market, done.signal);
    const passed = await meet(world, name, 'kill', deadlineMs);
    done.abort();
    await provoking;
    if (passed) {
      met++;
      tally.add(`killed at ${name}`);
    } else missed.push(name);
    await pause(500, signal);
  }
  return { met, missed };
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
