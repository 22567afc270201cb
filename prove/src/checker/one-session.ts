import type { Breach } from './event.js';
import type { History, Stay } from './history.js';

/** E1: no two sessions overlap on one instance, and what is sent to a session is answered by that session. */
export function oneSessionAtATime(history: History): Breach[] {
  const breaches: Breach[] = [];
  for (const [instance, stays] of Map.groupBy(history.stays, (stay) => stay.instance)) {
    let last: Stay | undefined;
    for (const stay of stays) {
      if (last && stay.from < last.to) {
        const ms = Math.round(last.to - stay.from);
        breaches.push({ rule: 'E1', what: `${instance} began ${stay.session} ${ms} ms before ${last.session} ended` });
      }
      if (!last || stay.to > last.to) last = stay;
    }
  }
  for (const { session, instance, answeredBy } of history.of('relayed')) {
    // None: its bot had just finished.
    if (answeredBy !== null && session !== answeredBy)
      breaches.push({ rule: 'E1', what: `a request to ${session} was answered by ${instance} with ${answeredBy}` });
  }
  return breaches;
}

/** E9: an instance never changes tenant: its code, its secrets and all its callers are of one organization. */
export function oneTenant(history: History): Breach[] {
  return [...history.boots.values()].flatMap(({ instance, secretsOf, codeOf }) => {
    const callers = history.stays.filter((stay) => stay.instance === instance).map(({ organization }) => organization);
    const tenants = new Set([secretsOf, codeOf, ...callers]);
    return tenants.size > 1
      ? [{ rule: 'E9', what: `${instance} has served ${[...tenants].join(' and ')}` } as const]
      : [];
  });
}
