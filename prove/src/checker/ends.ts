import { accepted, type History, type Stay, troubled } from './history.js';
import { settleMs } from './limits.js';

/** When a session may be over for its client whatever its bot does: it was stopped, hung up, or its time is up. */
export function overBy(history: History, stay: Stay): number {
  const capMs = history.requests.get(stay.request)?.capMs ?? Number.POSITIVE_INFINITY;
  const stopped = history.stops.get(stay.session) ?? Number.POSITIVE_INFINITY;
  const hungUp = history.hangUps.get(stay.session) ?? Number.POSITIVE_INFINITY;
  return Math.min(stay.from + capMs, stopped, hungUp);
}

/** Until when its bot may have been there: one that hangs is not heard of before it is ended. */
export const mayLastTo = ({ how, to, silentTo }: Stay): number => (how === undefined ? Math.max(to, silentTo) : to);

/** Why this session may have ended before its bot wanted to; undefined when nothing excuses it. */
export function excuseOf(history: History, stay: Stay): string | undefined {
  const request = history.requests.get(stay.request);
  const over = mayLastTo(stay) + settleMs;
  if (overBy(history, stay) <= over) return 'stopped, hung up or at its cap';
  if (!accepted(request?.status)) return 'its caller was not told of it';
  if (history.troubles.some(({ instance, from }) => instance === stay.instance && from <= over))
    return 'its instance was made to fail';
  if (isForgotten(history, stay)) return 'the backup that was restored is older';
  const relayed = request?.entry === 'socket';
  if (relayed && troubled(history, ['server', 'worker', 'link', 'database'], stay.from - settleMs, stay.to))
    return 'its socket went through what failed';
  return undefined;
}

/** It began after the backup that was put in the place of the database: nothing there knows of it. */
function isForgotten(history: History, stay: Stay): boolean {
  return history.troubles.some(
    ({ kind, from, to }) =>
      kind === 'restore' && from - settleMs <= stay.from && stay.from <= to && from <= stay.to + settleMs,
  );
}
