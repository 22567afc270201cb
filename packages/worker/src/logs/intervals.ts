import type { Logger } from 'pino';
import type { Driver } from '../drivers/driver.js';
import type { InstanceRecord, LogInterval } from '../instances/record.js';

/** The session that owns the line ending at this position; where intervals overlap, the one that began last. */
export function sessionAt(intervals: readonly LogInterval[], position: number): string | undefined {
  return intervals.findLast(({ from, to }) => from < position && (to === undefined || position <= to))?.sessionId;
}

/** Ends the session's interval at the present end of the output. Never rejects. */
export async function closeInterval(
  driver: Driver,
  { labels, intervals }: InstanceRecord,
  sessionId: string,
  log: Logger,
): Promise<void> {
  const interval = intervals.find((one) => one.sessionId === sessionId && one.to === undefined);
  if (!interval) return;
  try {
    interval.to = await driver.logEnd(labels.instanceId);
  } catch (err) {
    log.error({ err }, 'the end of the output is unknown; later lines may be counted to this session');
  }
}
