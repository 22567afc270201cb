import type { Breach, FaultKind } from './event.js';
import { type History, troubleAfter } from './history.js';
import { lagOf } from './lag.js';
import { convergeMs, settleMs } from './limits.js';
import { shortfallsOf } from './shortfalls.js';

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

/**
 * E6, under load: a pool that is below its target is back within ten seconds, counted from the end of what was broken meanwhile. When all
 * faults are over the next rule takes its place.
 */
export function poolsKeepUp(history: History): Breach[] {
  const over = history.of('quiet').at(-1)?.at ?? Number.POSITIVE_INFINITY;
  return shortfallsOf(history).flatMap(({ agent, from, to = history.lastAt, idle, wanted }) => {
    const calm = from + troubleAfter(history, disturbing, from);
    if (from > over || to <= calm + convergeMs + settleMs + lagOf(history, calm)) return [];
    const lacked = `${agent} had ${idle} instances idle of ${wanted} that it should have kept`;
    return [{ rule: 'E6', what: `${lacked}, for ${Math.round(to - calm)} ms in which nothing was broken` } as const];
  });
}

/** E6: each pool is at its target in bounded time after the last fault, and stays there. */
export function poolsRecover(history: History): Breach[] {
  const [quiet] = history.of('quiet').slice(-1);
  if (!quiet) return [];
  const looks = Map.groupBy(
    history.of('pool').filter(({ at }) => at >= quiet.at),
    ({ organization, agent }) => `${organization}/${agent}`,
  );
  return [...looks].flatMap(([agent, pools]) => {
    const reached = pools.find(({ idle, wanted }) => idle >= wanted);
    const last = pools.at(-1);
    const allowedMs = convergeMs + settleMs + lagOf(history, quiet.at);
    if (reached && reached.at - quiet.at <= allowedMs && last && last.idle >= last.wanted) return [];
    const how = reached ? `had it after ${Math.round(reached.at - quiet.at)} ms` : 'never had it';
    return [
      { rule: 'E6', what: `${agent} should keep ${last?.wanted} instances idle, has ${last?.idle}, ${how}` } as const,
    ];
  });
}
