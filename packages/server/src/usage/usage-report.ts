import type { Usage, UsageDay, UsageQuery } from '@pipecat-cloud/contract/usage';
import type { OrganizationAccess } from '../access/principal.js';
import type { Store } from '../db/store.js';
import { badRequest } from '../errors.js';
import { dayOf } from '../spend/spend-period.js';
import type { Clock } from '../system.js';
import type { DayRow } from './usage-day-repository.js';
import { daysOf } from './usage-days.js';

interface UsageReportDeps {
  store: Store;
  clock: Clock;
  /** What a minute of a session costs; 0 where nothing is charged. */
  centsPerMinute: number;
}

const dayMs = 24 * 60 * 60 * 1000;
const shownDays = 30;
const mostDays = 366;

/** What agents were used and kept warm, by day, up to this moment. */
export function createUsageReport({ store, clock, centsPerMinute }: UsageReportDeps) {
  return async (organization: OrganizationAccess, query: UsageQuery): Promise<Usage> => {
    const now = clock.now();
    const { from, to } = rangeOf(query, now);
    const { days, stretches } = await store.usageDays.read(organization.id, from, to);
    const rows = [...days, ...daysOf(stretches, now)].filter(({ day }) => day >= from && day <= to);
    const known = await store.usageDays.agentsOf(organization.id, [...new Set(rows.map(({ agentId }) => agentId))]);
    const allowed = known.filter(({ name }) => organization.agents?.has(name) ?? true);
    const names = [...new Set(allowed.map(({ name }) => name))].sort();
    return {
      from,
      to,
      countedSince: (await store.settings.find('usage-counted-since')) ?? null,
      sessionMinuteCents: centsPerMinute,
      agents: names.map((name) => {
        // One that was deleted and made again is the same to who looks at it.
        const same = allowed.filter((agent) => agent.name === name);
        const ids = new Set(same.map(({ id }) => id));
        return {
          agent: name,
          deleted: same.every(({ deleted }) => deleted),
          days: summed(rows.filter(({ agentId }) => ids.has(agentId))),
        };
      }),
    };
  };
}
export type UsageReport = ReturnType<typeof createUsageReport>;

function summed(rows: readonly DayRow[]): UsageDay[] {
  const days = new Map<string, { sessions: number; sessionMs: number; idleMs: number }>();
  for (const { day, sessions, sessionMs, idleMs } of rows) {
    const sum = days.get(day) ?? { sessions: 0, sessionMs: 0, idleMs: 0 };
    days.set(day, {
      sessions: sum.sessions + sessions,
      sessionMs: sum.sessionMs + sessionMs,
      idleMs: sum.idleMs + idleMs,
    });
  }
  return [...days]
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([day, { sessions, sessionMs, idleMs }]) => ({
      day,
      sessions,
      sessionSeconds: Math.round(sessionMs / 1000),
      idleSeconds: Math.round(idleMs / 1000),
    }));
}

function rangeOf(query: UsageQuery, now: Date): { from: string; to: string } {
  const to = query.to === undefined ? dayOf(now) : dayNamed(query.to);
  const from =
    query.from === undefined ? dayOf(new Date(to.start.getTime() - (shownDays - 1) * dayMs)) : dayNamed(query.from);
  const days = (to.end.getTime() - from.start.getTime()) / dayMs;
  if (days < 1) throw badRequest(`'from' (${from.name}) is after 'to' (${to.name}): give the earlier day first`);
  if (days > mostDays) throw badRequest(`Usage is shown of at most ${mostDays} days at once; ask for parts`);
  return { from: from.name, to: to.name };
}

function dayNamed(text: string) {
  const at = new Date(`${text}T00:00:00.000Z`);
  if (!Number.isNaN(at.getTime()) && dayOf(at).name === text) return dayOf(at);
  throw badRequest(`'${text}' is no day: give one such as 2026-01-31`);
}
