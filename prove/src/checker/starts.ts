import type { Breach } from './event.js';
import { accepted, type History, type Request, refused, type Stay, troubled } from './history.js';
import { convergeMs } from './limits.js';

/** E4: every start that was answered with yes has one activation, and no activation is without a start. */
export function startsMatchActivations(history: History): Breach[] {
  const byRequest = Map.groupBy(history.stays, ({ request }) => request);
  const breaches: Breach[] = [];
  const breach = (what: string) => breaches.push({ rule: 'E4', what });

  for (const request of history.requests.values()) {
    const stays = byRequest.get(request.request) ?? [];
    if (stays.length > 1) breach(`${request.request} was activated ${stays.length} times: ${names(stays)}`);
    const [stay] = stays;
    if (accepted(request.status)) {
      if (!stay)
        breach(`${request.request} was answered with ${request.status}, and no instance saw ${request.session}`);
      else if (stay.session !== request.session)
        breach(`${request.request} was answered with ${request.session}, and ${stay.session} was activated`);
    } else if (stay && refused(request.status)) afterRefusal(history, request, stay, breach);
  }
  for (const [session, stays] of Map.groupBy(history.stays, (stay) => stay.session)) {
    if (stays.length > 1) breach(`${session} was activated ${stays.length} times: ${names(stays)}`);
    const [stay] = stays;
    if (stay && !history.requests.has(stay.request)) breach(`${session} was activated, and nobody asked for it`);
  }
  return breaches;
}

/** A failure may come when the instance has accepted already; then the session is taken back at once. */
function afterRefusal(history: History, request: Request, stay: Stay, breach: (what: string) => void): void {
  const { status = 0, answeredAt = stay.from } = request;
  if (status < 500)
    return void breach(`${request.request} was refused with ${status}, and ${stay.session} was activated`);
  const disturbed = history.troubles
    .filter(({ from, to }) => from <= stay.to && to >= answeredAt && Number.isFinite(to))
    .map(({ to }) => to);
  const by = Math.max(answeredAt, stay.from, ...disturbed) + convergeMs;
  // Who was told "no" does not know that it lasts, and it holds a place.
  if (stay.to > by && !troubled(history, ['restore'], stay.from, stay.to))
    breach(
      `${request.request} was refused with ${status}, and ${stay.session} went on for ${Math.round(stay.to - answeredAt)} ms`,
    );
}

const names = (stays: readonly Stay[]) => stays.map(({ session, instance }) => `${session} on ${instance}`).join(', ');
