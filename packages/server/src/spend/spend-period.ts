/** A stretch of the calendar in UTC. `end` is the first moment that is not in it. */
export interface Period {
  /** As 2026-01, or 2026-01-31. */
  name: string;
  start: Date;
  end: Date;
}

/** The month of a moment. */
export function periodOf(at: Date): Period {
  const [year, month] = [at.getUTCFullYear(), at.getUTCMonth()];
  const start = new Date(Date.UTC(year, month, 1));
  return { name: start.toISOString().slice(0, 7), start, end: new Date(Date.UTC(year, month + 1, 1)) };
}

const dayMs = 24 * 60 * 60 * 1000;

/** The day of a moment. */
export function dayOf(at: Date): Period {
  const start = new Date(Math.floor(at.getTime() / dayMs) * dayMs);
  return { name: start.toISOString().slice(0, 10), start, end: new Date(start.getTime() + dayMs) };
}

/** How long of each month, or of each day, something lasted; nothing where it ended before it began. */
export function lengthsByPeriod(
  from: Date,
  to: Date,
  periodAt: (at: Date) => Period = periodOf,
): { period: string; milliseconds: number }[] {
  const parts: { period: string; milliseconds: number }[] = [];
  for (let at = from; at < to; ) {
    const { name, end } = periodAt(at);
    const until = end < to ? end : to;
    parts.push({ period: name, milliseconds: until.getTime() - at.getTime() });
    at = until;
  }
  return parts;
}
