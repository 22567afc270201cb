/** A calendar month, in UTC. `end` is the first moment that is not in it. */
export interface Period {
  /** As 2026-01. */
  name: string;
  start: Date;
  end: Date;
}

export function periodOf(at: Date): Period {
  const [year, month] = [at.getUTCFullYear(), at.getUTCMonth()];
  const start = new Date(Date.UTC(year, month, 1));
  return { name: start.toISOString().slice(0, 7), start, end: new Date(Date.UTC(year, month + 1, 1)) };
}

/** How long of each month something lasted; nothing where it ended before it began. */
export function lengthsByPeriod(from: Date, to: Date): { period: string; milliseconds: number }[] {
  const parts: { period: string; milliseconds: number }[] = [];
  for (let at = from; at < to; ) {
    const { name, end } = periodOf(at);
    const until = end < to ? end : to;
    parts.push({ period: name, milliseconds: until.getTime() - at.getTime() });
    at = until;
  }
  return parts;
}
