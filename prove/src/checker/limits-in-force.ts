import { accepted, type History, type Limit, troubled } from './history.js';

/** The limits of an agent of which each can have been in force at some moment between two; none where none was ever set. */
export function limitsInForce(history: History, agent: string, from: number, to: number): Limit[] {
  const possible: Limit[] = [];
  for (const limit of (history.limits.get(agent) ?? []).toReversed()) {
    const { at, answeredAt = Number.POSITIVE_INFINITY, status } = limit;
    if (at > to || (status !== undefined && status >= 400 && status < 500)) continue;
    possible.push(limit);
    // From its answer on none of the earlier ones holds.
    if (accepted(status) && answeredAt <= from && !troubled(history, ['restore'], at, to)) break;
  }
  return possible;
}
