import type { LogLevel } from '@pipecat-cloud/contract/log-levels';
import type { LogEntry, LogFollowQuery, LogQuery } from '@pipecat-cloud/contract/logs';
import { badRequest } from '../errors.js';
import { instantOf } from '../http/unix-time.js';
import type { LogFilter, LogPlaceQuery, StoredLogLine } from './log-store.js';

/** A line as clients of every route read it (contract §12.3). */
export function presentLine(line: StoredLogLine): LogEntry {
  const { text, time, deploymentId, sessionId, level, stream, instanceId, cursor } = line;
  return {
    log: text,
    timestamp: time,
    deploymentId,
    ...(sessionId === undefined ? {} : { sessionId }),
    level,
    ...(stream === undefined ? {} : { stream }),
    instanceId,
    cursor,
  };
}

export function filterOf(query: LogQuery | LogFollowQuery): LogFilter {
  const { deploymentId, sessionId, query: part, level, startTime, endTime } = query;
  return {
    ...(deploymentId === undefined ? {} : { deploymentId }),
    ...(sessionId === undefined ? {} : { sessionId }),
    ...(part === undefined ? {} : { query: part }),
    ...(level === undefined ? {} : { levels: level.split(',') as LogLevel[] }),
    ...(startTime === undefined ? {} : { startTime: instantOf('startTime', startTime) }),
    ...(endTime === undefined ? {} : { endTime: instantOf('endTime', endTime) }),
  };
}

/** The line that a page stands beside; undefined for a page that is counted from the newest. Throws 400 for two of them. */
export function placeOf(query: LogQuery): Pick<LogPlaceQuery, 'side' | 'cursor'> | undefined {
  const sides = (['before', 'after', 'around'] as const).filter((side) => query[side] !== undefined);
  const [side] = sides;
  if (!side) return undefined;
  if (sides.length > 1) throw badRequest(`${sides.join(' and ')} do not go together; give one of them`);
  if (query.offset) throw badRequest(`offset does not go with ${side}; go on from the last line's cursor`);
  return { side, cursor: query[side] as string };
}
