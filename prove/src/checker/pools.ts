import type { Breach, FaultKind } from './event.js';
import { type History, troubleAfter } from './history.js';
import { type Wait, waitsOf } from './idle-ends.js';
import { lagOf, starvationOf } from './lag.js';
import { convergeMs, settleMs } from './limits.js';
import { type Shortfall, shortfallsOf } from './shortfalls.js';

const disturbing: readonly FaultKind[] = [
  'server',
  'worker',
  'link',
  'database',
  'disk',
  'clock',
  'restore',
  'instance',
];

/** A pool that was not back within ten seconds in which nothing was broken. */
interface Late extends Shortfall {
  /** For how long nothing was broken. */
  calmMs: number;
  /** By how much more than it may at the most. */
  lateMs: number;
  /** The product waited as it says it does, or the machine was too busy, for so long that it is no breach. */
  isExcused: boolean;
}

/**
 * E6, under load: a pool that is below its target is back within ten seconds, counted from the end of what was broken meanwhile. When all
 * faults are over the next rule takes its place.
 */
export function poolsKeepUp(history: History): Breach[] {
  return latePools(history).flatMap(({ agent, idle, wanted, calmMs, isExcused }) => {
    if (isExcused) return [];
    const lacked = `${agent} had ${idle} instances idle of ${wanted} that it should have kept`;
    return [{ rule: 'E6', what: `${lacked}, for ${Math.round(calmMs)} ms in which nothing was broken` } as const];
  });
}

/** By how many milliseconds each pool was late that is no breach for all that. */
export const excusedPools = (history: History): number[] =>
  latePools(history).flatMap(({ lateMs, isExcused }) => (isExcused ? [lateMs] : []));

function latePools(history: History): Late[] {
  const over = history.of('quiet').at(-1)?.at ?? Number.POSITIVE_INFINITY;
  const shortfalls = shortfallsOf(history);
  const waits = waitsOf(history, shortfalls);
  return shortfalls.flatMap((short) => {
    const { agent, from, to = history.lastAt } = short;
    const calm = from + troubleAfter(history, disturbing, from);
    const lateMs = to - calm - convergeMs - settleMs;
    if (from > over || lateMs <= 0) return [];
    const due = dueAfter(history, waits.get(agent) ?? [], from);
    const isExcused = to <= due + convergeMs + settleMs + heldUp(history, due);
    return [{ ...short, calmMs: to - calm, lateMs, isExcused }];
  });
}

/** From when on nothing is broken, and the product waits no more; what begins within ten seconds of that counts too. */
function dueAfter(history: History, waits: readonly Wait[], moment: number): number {
  const calm = Math.max(moment, moment + troubleAfter(history, disturbing, moment));
  const due = waitedUntil(waits, calm);
  return due > moment ? dueAfter(history, waits, due) : moment;
}

/** Of what began by then, or within ten seconds of it. */
const waitedUntil = (waits: readonly Wait[], moment: number): number =>
  Math.max(moment, ...waits.filter(({ from }) => from <= moment + convergeMs).map(({ to }) => to));

/** For how long the machine served neither the prover nor what begins; both may be of the same time. */
const heldUp = (history: History, moment: number): number =>
  Math.max(lagOf(history, moment), starvationOf(history, moment));

/** E6: each pool is at its target in bounded time after the last fault, and stays there. */
export function poolsRecover(history: History): Breach[] {
  const [quiet] = history.of('quiet').slice(-1);
  if (!quiet) return [];
  const waits = waitsOf(history, shortfallsOf(history));
  const looks = Map.groupBy(
    history.of('pool').filter(({ at }) => at >= quiet.at),
    ({ organization, agent }) => `${organization}/${agent}`,
  );
  return [...looks].flatMap(([agent, pools]) => {
    const reached = pools.find(({ idle, wanted }) => idle >= wanted);
    const last = pools.at(-1);
    const due = waitedUntil(waits.get(agent) ?? [], quiet.at);
    const by = due + convergeMs + settleMs + heldUp(history, due);
    if (reached && reached.at <= by && last && last.idle >= last.wanted) return [];
    const how = reached ? `had it after ${Math.round(reached.at - quiet.at)} ms` : 'never had it';
    return [
      { rule: 'E6', what: `${agent} should keep ${last?.wanted} instances idle, has ${last?.idle}, ${how}` } as const,
    ];
  });
}
