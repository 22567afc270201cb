/** Half of a burst is forgotten after 20 s: fast enough to follow one, slow enough not to follow each start. */
const halfLifeMs = 20_000;
/** Start times that are remembered of an agent. */
const keptStarts = 50;

/** What is measured of one agent: how often sessions are asked for, and how long its instances take to start. */
export interface Demand {
  /** Starts per second at `measuredAtMs`. */
  rate: number;
  measuredAtMs: number;
  /** Milliseconds of the last instances, oldest first. */
  startMs: number[];
}

export const noDemand = (nowMs: number): Demand => ({ rate: 0, measuredAtMs: nowMs, startMs: [] });

/** The rate as it has decayed since it was measured. A clock that was set back has measured nothing. */
export function rateAt({ rate, measuredAtMs }: Demand, nowMs: number): number {
  return rate * 0.5 ** (Math.max(0, nowMs - measuredAtMs) / halfLifeMs);
}

/** With one more request for a session. */
export function withArrival(demand: Demand, nowMs: number): Demand {
  const share = Math.LN2 / (halfLifeMs / 1000);
  return { ...demand, rate: rateAt(demand, nowMs) + share, measuredAtMs: nowMs };
}

/** With one more instance that became ready. */
export function withStart(demand: Demand, startMs: number): Demand {
  return { ...demand, startMs: [...demand.startMs, Math.round(startMs)].slice(-keptStarts) };
}

/** In seconds, by nearest rank; null before the first. */
export function startSecondsP95({ startMs }: Demand): number | null {
  if (startMs.length === 0) return null;
  const sorted = [...startMs].sort((a, b) => a - b);
  return (sorted[Math.ceil(sorted.length * 0.95) - 1] ?? 0) / 1000;
}
