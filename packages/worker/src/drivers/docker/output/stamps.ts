/** The engine writes the time of each message before it, in nanoseconds: 2026-01-31T12:00:00.123456789Z. */
const stampPattern = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d) /;
const stampLimit = 40;

/** A message and the time before it. */
export function takeApart(message: Buffer): { time: string; text: Buffer } {
  const stamp = stampPattern.exec(message.toString('latin1', 0, stampLimit))?.[0];
  if (stamp === undefined) throw new Error('the engine sent a message without its time');
  return { time: stamp.slice(0, -1), text: message.subarray(stamp.length) };
}

/** Seconds with nanoseconds, as the engine reads them. */
export function unixTime(stamp: string): string {
  const fraction = /\.(\d+)/.exec(stamp)?.[1] ?? '0';
  return `${Math.floor(Date.parse(stamp) / 1000)}.${fraction.padEnd(9, '0')}`;
}

/** Whether the one time is before the other; as texts they can't be compared, for engines write them with different lengths. */
export function isBefore(stamp: string, other: string): boolean {
  const [seconds, fraction] = unixTime(stamp).split('.');
  const [otherSeconds, otherFraction] = unixTime(other).split('.');
  return (
    Number(seconds) - Number(otherSeconds) < 0 || (seconds === otherSeconds && (fraction ?? '') < (otherFraction ?? ''))
  );
}
