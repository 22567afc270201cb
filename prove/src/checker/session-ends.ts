import { excuseOf, mayLastTo, overBy } from './ends.js';
import type { Breach } from './event.js';
import { accepted, type History, type Stay, troubleAfter, troubled } from './history.js';
import { lagOf } from './lag.js';
import { convergeMs, promptMs, settleMs } from './limits.js';

const disturbing = ['server', 'worker', 'link', 'database', 'disk'] as const;

/** E5: each session that was begun ends once, not before its bot, and is known to have ended within a second (10 s after a fault). */
export function endsOnce(history: History): Breach[] {
  const unixOf = readWall(history);
  return history.stays.flatMap((stay) => {
    const looks = history.looks.get(stay.session) ?? [];
    const request = history.requests.get(stay.request);
    // A backup may be older than the session, or than its end.
    if (!accepted(request?.status) || troubled(history, ['restore'], stay.from, history.lastAt)) return [];
    const breaches: Breach[] = [];
    const breach = (what: string) => breaches.push({ rule: 'E5', what: `${stay.session} ${what}` });

    const ends = looks.filter(({ state }) => state === 'ended');
    const [first] = ends;
    // Two looks at once may be answered in either order.
    const after = first ? looks.filter(({ asked }) => asked > first.at) : [];
    if (looks.some(({ state }) => state === 'unknown')) breach('is not known to the API');
    if (after.some(({ state }) => state !== 'ended')) breach('came back after its end');
    const told = new Set(ends.map(({ ended, reason }) => `${reason} at ${ended}`));
    if (told.size > 1) breach(`ended more than once: ${[...told].join(', ')}`);

    const over = Math.min(mayLastTo(stay), overBy(history, stay));
    if (first && first.at < over - settleMs && !excuseOf(history, stay))
      breach(`was told as ended (${first.reason}) ${Math.round(over - first.at)} ms before its bot had finished`);
    if (!first && over + convergeMs + lagOf(history, over) < lastLook(history, over) && !stillOn(history, stay))
      breach('never ended for its client');
    if (first && late(history, over, first.at, stay))
      breach(`was told as ended (${first.reason}) ${Math.round(first.at - over)} ms after its end`);
    const recorded = first?.ended;
    if (recorded !== undefined && !troubled(history, ['clock'], stay.from - convergeMs, first?.at ?? stay.to)) {
      const off = Math.abs(recorded - unixOf(over));
      if (off > allowance(history, over) && !excuseOf(history, stay))
        breach(`has an end (${first?.reason}) that is ${Math.round(off)} ms off`);
    }
    return breaches;
  });
}

const stillOn = (history: History, stay: Stay) => stay.how === undefined && stay.to + settleMs >= history.lastAt;

/** A second; more where something failed at that time, or where the machine did not serve the prover either. */
function allowance(history: History, end: number): number {
  const disturbed = troubled(history, disturbing, end - settleMs - convergeMs, end + promptMs);
  return (disturbed ? convergeMs + troubleAfter(history, disturbing, end) : promptMs) + settleMs + lagOf(history, end);
}

function late(history: History, end: number, seen: number, stay: Stay): boolean {
  // Its bot was told to end and does not: the session is over when the platform says so, which the other rules judge.
  if (overBy(history, stay) < stay.to) return false;
  return seen - end > allowance(history, end);
}

/** Nobody looks for ever: a session whose end is due after the last look is not judged. */
function lastLook(history: History, end: number): number {
  const last = history.of('seen').at(-1)?.at ?? end;
  return last - troubleAfter(history, disturbing, end);
}

function readWall(history: History): (moment: number) => number {
  const [wall] = history.of('wall');
  return (moment) => (wall ? wall.unix + moment - wall.at : moment);
}
