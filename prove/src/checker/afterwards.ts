import type { Breach } from './event.js';
import type { History } from './history.js';

/** E7: no process, container or session is left. */
export function nothingLeft(history: History): Breach[] {
  return history.of('left').map(({ what }) => ({ rule: 'E7', what }));
}

/** E8: no secret value in any log, file or answer. */
export function nothingLeaked(history: History): Breach[] {
  return history.of('leak').map(({ where }) => ({ rule: 'E8', what: `a secret value is in ${where}` }));
}
