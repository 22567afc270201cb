import { overBy } from './ends.js';
import type { Breach } from './event.js';
import { type History, refused, type Stay, troubled } from './history.js';
import { limitsInForce } from './limits-in-force.js';

/** E2: when a session begins, no more than the agent's limit are live, itself included. */
export function withinLimit(history: History): Breach[] {
  const ofAgent = Map.groupBy(history.stays, (stay) => agentOf(history, stay));
  return [...ofAgent].flatMap(([agent, stays]) =>
    stays.flatMap((stay) => {
      const live = stays.filter((other) => other.from <= stay.from && isLive(history, other, stay));
      const asked = history.requests.get(stay.request)?.at ?? stay.from;
      const limits = limitsInForce(history, agent, asked, stay.from);
      const limit = Math.max(...limits.map(({ sessions }) => sessions));
      if (limits.length === 0 || live.length <= limit) return [];
      return [
        { rule: 'E2', what: `${agent} held ${live.length} sessions of ${limit} when ${stay.session} began` } as const,
      ];
    }),
  );
}

function agentOf(history: History, { request, instance }: Stay): string {
  const asked = history.requests.get(request);
  const boot = history.boots.get(instance);
  return asked ? `${asked.organization}/${asked.agent}` : `${boot?.codeOf}/${boot?.agent}`;
}

/**
 * Still a session of its agent when the later one begins: one whose socket is gone, by whatever, is over although its bot may go on.
 * What a restored backup knows nothing of is not counted, nor one whose caller was refused, or lost the connection to a control
 * plane that failed: when that comes back it gives such a start up, and its bot is told to stop.
 */
function isLive(history: History, stay: Stay, later: Stay): boolean {
  if (stay === later) return true;
  if (troubled(history, ['restore'], stay.from, later.from)) return false;
  const { status, answeredAt = Number.POSITIVE_INFINITY } = history.requests.get(stay.request) ?? {};
  const lost = status === undefined && troubled(history, ['server'], stay.from, later.from);
  const givenUp = refused(status) || lost ? answeredAt : Number.POSITIVE_INFINITY;
  const cut = history.cuts.get(stay.session) ?? Number.POSITIVE_INFINITY;
  return Math.min(stay.to, overBy(history, stay), givenUp, cut) > later.from;
}
