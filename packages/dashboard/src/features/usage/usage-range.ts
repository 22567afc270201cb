import type { UsageQuery } from '@pipecat-cloud/contract/usage';

const dayMs = 86_400_000;
/** What can be chosen at once. */
export const spans = ['7', '30', '90'] as const;
export type Span = (typeof spans)[number];
export const measures = ['sessions', 'warm', 'idle'] as const;
export type Measure = (typeof measures)[number];

/** What the page's address holds; a span moves on with the days, `from` and `to` stay. */
export interface UsageSearch {
  days?: string;
  from?: string;
  to?: string;
  show?: string;
}

export const today = (now = new Date()) => now.toISOString().slice(0, 10);

/** The days in UTC that an address means; what is no day there is left out. */
export function rangeOf({ days, from, to }: UsageSearch, now = new Date()): Required<UsageQuery> {
  const last = dayOf(to) ?? today(now);
  const span = Number(spans.find((each) => each === days) ?? '30');
  return { from: dayOf(from) ?? today(new Date(Date.parse(last) - (span - 1) * dayMs)), to: last };
}

/** The span that an address means; none where it names days. */
export function spanOf({ days, from, to }: UsageSearch): Span | undefined {
  return dayOf(from) || dayOf(to) ? undefined : (spans.find((each) => each === days) ?? '30');
}

export const measureOf = ({ show }: UsageSearch): Measure => measures.find((each) => each === show) ?? 'sessions';

/** Every day from the first to the last, as times of their beginnings. */
export function timesOf({ from, to }: Required<UsageQuery>): number[] {
  const [first, last] = [Date.parse(from), Date.parse(to)];
  return Array.from({ length: Math.max(0, Math.round((last - first) / dayMs) + 1) }, (_, at) => first + at * dayMs);
}

function dayOf(text: string | undefined): string | undefined {
  if (!text || !/^\d{4}-\d{2}-\d{2}$/.test(text)) return undefined;
  const at = new Date(text);
  return Number.isNaN(at.getTime()) || today(at) !== text ? undefined : text;
}
