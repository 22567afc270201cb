import type { Breach } from './event.js';
import type { History } from './history.js';
import { lagOf } from './lag.js';
import { convergeMs, settleMs } from './limits.js';

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

/** E7: no process, container or session is left. */
export function nothingLeft(history: History): Breach[] {
  return history.of('left').map(({ what }) => ({ rule: 'E7', what }));
}

/** E8: no secret value in any log, file or answer. */
export function nothingLeaked(history: History): Breach[] {
  return history.of('leak').map(({ where }) => ({ rule: 'E8', what: `a secret value is in ${where}` }));
}
