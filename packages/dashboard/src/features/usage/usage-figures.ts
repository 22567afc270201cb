import type { Usage, UsageDay } from '@pipecat-cloud/contract/usage';
import type { ChartSeries } from '../../ui/chart-data';
import type { Measure } from './usage-range';

type AgentUsage = Usage['agents'][number];
export interface Totals {
  sessions: number;
  sessionMinutes: number;
  idleMinutes: number;
}

/** So many agents have a colour of their own; the others share one. */
const shownAgents = 5;

const secondsOf: Readonly<Record<Measure, (day: UsageDay) => number>> = {
  sessions: ({ sessionSeconds }) => sessionSeconds,
  warm: ({ sessionSeconds, idleSeconds }) => sessionSeconds + idleSeconds,
  idle: ({ idleSeconds }) => idleSeconds,
};
const sum = (days: readonly UsageDay[], of: (day: UsageDay) => number) =>
  days.reduce((total, day) => total + of(day), 0);

export function totalsOf(agents: readonly AgentUsage[]): Totals {
  const days = agents.flatMap((agent) => agent.days);
  return {
    sessions: sum(days, (day) => day.sessions),
    sessionMinutes: sum(days, secondsOf.sessions) / 60,
    idleMinutes: sum(days, secondsOf.idle) / 60,
  };
}

/** The share of the warm time in which nobody was served, from 0 to 1; undefined where nothing was warm. */
export function idleShare({ sessionMinutes, idleMinutes }: Totals): number | undefined {
  const warm = sessionMinutes + idleMinutes;
  return warm === 0 ? undefined : idleMinutes / warm;
}

/** Minutes of each agent at each time; the smaller agents together, where there are many. */
export function seriesByAgent(
  agents: readonly AgentUsage[],
  times: readonly number[],
  measure: Measure,
): ChartSeries[] {
  const of = secondsOf[measure];
  const largest = [...agents].sort((a, b) => sum(b.days, of) - sum(a.days, of));
  const own = largest.length > shownAgents + 1 ? largest.slice(0, shownAgents) : largest;
  const others = largest.slice(own.length);
  const bars = (name: string, days: readonly UsageDay[]): ChartSeries => ({
    name,
    look: 'bars',
    values: minutesAt(days, times, of),
  });
  return [
    ...own.map(({ agent, days }) => bars(agent, days)),
    ...(others.length > 0
      ? [
          bars(
            `${others.length} others`,
            others.flatMap(({ days }) => days),
          ),
        ]
      : []),
  ];
}

/** Warm minutes with a session, and without. */
export function seriesByUse(agents: readonly AgentUsage[], times: readonly number[]): ChartSeries[] {
  const days = agents.flatMap((agent) => agent.days);
  return [
    { name: 'With a session', look: 'bars', values: minutesAt(days, times, secondsOf.sessions) },
    { name: 'Idle', look: 'bars', color: 'var(--chart-6)', values: minutesAt(days, times, secondsOf.idle) },
  ];
}

function minutesAt(days: readonly UsageDay[], times: readonly number[], of: (day: UsageDay) => number): number[] {
  const seconds = new Map<number, number>();
  for (const day of days) {
    const at = Date.parse(day.day);
    seconds.set(at, (seconds.get(at) ?? 0) + of(day));
  }
  return times.map((time) => (seconds.get(time) ?? 0) / 60);
}

/** A row for each agent and day: names are of letters, digits and dashes, so nothing has to be quoted. */
export function csvOf({ agents }: Usage): string {
  const rows = agents.flatMap(({ agent, days }) =>
    days.map((day) => [day.day, agent, day.sessions, day.sessionSeconds, day.idleSeconds].join(',')),
  );
  return ['day,agent,sessions,session_seconds,idle_seconds', ...rows.sort(), ''].join('\r\n');
}

/** Tenths, and of small values as many digits as a second needs not to be nothing, and a chart's axis to tell its steps apart. */
const numbers = new Intl.NumberFormat('en', {
  ...{ maximumFractionDigits: 1, maximumSignificantDigits: 3 },
  roundingPriority: 'morePrecision',
});
export const minutes = (value: number) => numbers.format(value);
/** A number of minutes in words: what is less than one is told in seconds. */
export const inWords = (value: number) => (value < 1 ? `${Math.round(value * 60)} s` : `${minutes(value)} min`);
export const percent = (share: number | undefined) => (share === undefined ? '–' : `${Math.round(share * 100)}%`);
export const dollars = (cents: number) =>
  new Intl.NumberFormat('en', { style: 'currency', currency: 'USD' }).format(cents / 100);
