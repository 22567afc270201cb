import { nothingLeaked, nothingLeft } from './afterwards.js';
import type { Breach, Event } from './event.js';
import { readHistory } from './history.js';
import { nothingLost } from './no-lost-session.js';
import { oneSessionAtATime, oneTenant } from './one-session.js';
import { poolsKeepUp, poolsRecover } from './pools.js';
import { endsOnce } from './session-ends.js';
import { withinLimit } from './session-limit.js';
import { startsMatchActivations } from './starts.js';

/** Every breach of E1 to E9 in what was seen from outside. Pure: the same events give the same answer. */
export function check(events: readonly Event[]): Breach[] {
  const history = readHistory(events);
  return [
    oneSessionAtATime,
    withinLimit,
    nothingLost,
    startsMatchActivations,
    endsOnce,
    poolsKeepUp,
    poolsRecover,
    nothingLeft,
    nothingLeaked,
    oneTenant,
  ].flatMap((rule) => rule(history));
}
