import { logLevels } from '@pipecat-cloud/contract/log-levels';
import type { Report, WorkerLogLine } from '@pipecat-cloud/contract/worker';
import type { FastifyBaseLogger } from 'fastify';
import type { LeakSites } from '../leaks/leak-sites.js';
import type { Clock } from '../system.js';
import { isUuid } from '../uuid.js';
import type { LogLine, LogStore } from './log-store.js';

interface WorkerLogsDeps {
  logs: LogStore;
  clock: Clock;
  log: Pick<FastifyBaseLogger, 'error'>;
  leaks?: Pick<LeakSites, 'inLines'>;
}

/**
 * Adds the lines of a worker's report. A repeated report adds nothing. One that can never be stored is logged and dropped, or the
 * worker would send it for ever; when the disk fails this throws, and the worker sends it again.
 */
export function createWorkerLogs({ logs, clock, log, leaks }: WorkerLogsDeps) {
  return async function appendWorkerLogs(report: Extract<Report, { type: 'logs' }>): Promise<void> {
    const { organizationId, agentId, deploymentId, instanceId } = report;
    if (!isUuid(agentId)) {
      log.error({ agentId, instanceId }, 'log lines of an agent without a proper id were dropped');
      return;
    }
    const lines = report.lines.map((line) => ({ ...lineOf(line), time: normalTime(line.time, clock) }));
    await logs.append({ agentId, deploymentId, instanceId }, lines);
    await leaks?.inLines({ kind: 'agent', organizationId, agentId, deploymentId }, lines);
  };
}

/** What is said of a line, of the members that are known: a worker's word is not written into files as it comes. */
function lineOf({ position, text, sessionId, level, stream }: WorkerLogLine): Omit<LogLine, 'time'> {
  return {
    position,
    text,
    ...(sessionId === undefined ? {} : { sessionId }),
    ...(level !== undefined && logLevels.includes(level) ? { level } : {}),
    ...(stream === 'stdout' || stream === 'stderr' ? { stream } : {}),
  };
}

/** A clock may be ahead by so much, and its lines still have the order in which they were written. */
const aheadMs = 60_000;

/** Times are compared as text, so they must all look alike. One from the future would be kept until then. */
function normalTime(time: string, clock: Clock): string {
  const now = clock.now().getTime();
  const said = Date.parse(time);
  return new Date(Number.isNaN(said) ? now : Math.min(said, now + aheadMs)).toISOString();
}
