import { dayOf, lengthsByPeriod } from '../spend/spend-period.js';
import type { DayRow, Stretch } from './usage-day-repository.js';

/**
 * The days of stretches, added up by organization, agent and day; what goes on lasts until now. A session counts on the day on which it
 * began, however short it was. Pure.
 */
export function daysOf(stretches: readonly Stretch[], now: Date): DayRow[] {
  const days = new Map<string, DayRow>();
  const dayRow = ({ organizationId, agentId }: Stretch, day: string): DayRow => {
    const key = `${organizationId} ${agentId} ${day}`;
    const row = days.get(key) ?? { organizationId, agentId, day, sessionMs: 0, idleMs: 0, sessions: 0 };
    days.set(key, row);
    return row;
  };
  for (const stretch of stretches) {
    const from = new Date(stretch.beganAt);
    const to = stretch.endedAt === null ? now : new Date(stretch.endedAt);
    if (stretch.kind === 'session') dayRow(stretch, dayOf(from).name).sessions++;
    for (const { period, milliseconds } of lengthsByPeriod(from, to, dayOf)) {
      dayRow(stretch, period)[stretch.kind === 'session' ? 'sessionMs' : 'idleMs'] += milliseconds;
    }
  }
  return [...days.values()];
}
