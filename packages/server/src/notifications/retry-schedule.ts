const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

/** Waits after each failed attempt. Together a day, all but a few minutes: a receiver may be down from one morning to the next. */
const waitsMs = [
  10_000,
  minuteMs,
  5 * minuteMs,
  15 * minuteMs,
  30 * minuteMs,
  hourMs,
  2 * hourMs,
  4 * hourMs,
  8 * hourMs,
  8 * hourMs,
] as const;

/** When a delivery is tried again after its `attempt`th failure, counted from 1; undefined when it is given up. */
export function nextAttempt(attempt: number, now: Date): Date | undefined {
  const wait = waitsMs[attempt - 1];
  return wait === undefined ? undefined : new Date(now.getTime() + wait);
}
