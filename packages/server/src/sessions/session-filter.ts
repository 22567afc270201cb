import type { SessionQuery } from '@pipecat-cloud/contract/sessions';
import { instantOf } from '../http/unix-time.js';
import type { SessionFilter } from './session-listing.js';

/** What a query asks for, in what the database keeps. 0 and less bound no start (contract §7.4). Throws 400 for a time that is none. */
export function sessionFilterOf(query: SessionQuery): SessionFilter {
  const { deploymentId, status = 'all', startType = 'all', startTime, endTime, endState } = query;
  return {
    deploymentId,
    endState,
    status: status === 'all' ? undefined : status,
    coldStart: startType === 'all' ? undefined : startType === 'cold',
    from: startTime === undefined ? undefined : instantOf('startTime', startTime).toISOString(),
    to: endTime === undefined ? undefined : instantOf('endTime', endTime).toISOString(),
    startMsOver: millisecondsOf(query.startTimeMin),
    startMsUnder: millisecondsOf(query.startTimeMax),
  };
}

function millisecondsOf(seconds = 0): number | undefined {
  return seconds > 0 ? Math.min(Math.round(seconds * 1000), Number.MAX_SAFE_INTEGER) : undefined;
}
