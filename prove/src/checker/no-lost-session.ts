import { excuseOf } from './ends.js';
import type { Breach } from './event.js';
import type { History } from './history.js';
import { settleMs } from './limits.js';

/** E3: a session ends with its bot, or because somebody wanted it; never by a deploy, a scale change or a restart. */
export function nothingLost(history: History): Breach[] {
  return history.stays.flatMap((stay): Breach[] => {
    if (stay.how !== undefined && stay.how !== 'told') {
      // A socket that broke under the bot is an end that the bot did not choose.
      if (stay.how !== 'hung-up' || excuseOf(history, stay)) return [];
      return [{ rule: 'E3', what: `the socket of ${stay.session} broke, and nothing excuses it` }];
    }
    // It goes on: the run was over before it was.
    if (stay.how === undefined && !stay.told && stay.to + settleMs >= history.lastAt) return [];
    if (excuseOf(history, stay)) return [];
    const how = stay.told ? 'was ended by SIGTERM' : 'vanished';
    return [{ rule: 'E3', what: `${stay.session} ${how} on ${stay.instance}, and nothing excuses it` }];
  });
}
