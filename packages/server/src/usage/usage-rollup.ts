import type { Logger } from 'pino';
import type { Store } from '../db/store.js';
import { createPeriodic } from '../periodic.js';
import { dayOf } from '../spend/spend-period.js';
import type { Clock } from '../system.js';
import { daysOf } from './usage-days.js';

interface RollupDeps {
  store: Store;
  clock: Clock;
  log: Pick<Logger, 'warn'>;
  /** For so many days they are kept; 0 for ever. */
  days: number;
}

const atOnce = 500;
const intervalMs = 60_000;
const dayMs = 24 * 60 * 60 * 1000;

/** Makes days of the stretches, once a minute, and lets go of old ones. Safe to run on several control planes at once. */
export function createUsageRollup({ store, clock, log, days }: RollupDeps) {
  async function rollUp(): Promise<void> {
    let taken = (await store.usageDays.hasStretches()) ? atOnce : 0;
    while (taken === atOnce) {
      taken = await store.transaction(async (repos) => {
        const stretches = await repos.usageDays.take(atOnce);
        await repos.usageDays.addToDays(daysOf(stretches, clock.now()));
        return stretches.length;
      });
    }
    if (days === 0) return;
    await store.usageDays.removeBefore(dayOf(new Date(clock.now().getTime() - days * dayMs)).name);
  }
  const periodic = createPeriodic({
    run: rollUp,
    intervalMs,
    onError: (err) => log.warn({ err }, 'minutes of instances could not be added to their days; trying again'),
  });
  return { rollUp, start: periodic.start, close: periodic.close };
}
