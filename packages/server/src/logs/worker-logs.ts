import type { Report } from '@pipecat-cloud/contract/worker';
import type { FastifyBaseLogger } from 'fastify';
import type { LeakSites } from '../leaks/leak-sites.js';
import type { Clock } from '../system.js';
import { isUuid } from '../uuid.js';
import type { LogStore } from './log-store.js';

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
    const lines = report.lines.map(({ position, time, text, sessionId }) => ({
      position,
      time: normalTime(time, clock),
      text,
      ...(sessionId === undefined ? {} : { sessionId }),
    }));
    await logs.append({ agentId, deploymentId, instanceId }, lines);
    await leaks?.inLines({ kind: 'agent', organizationId, agentId, deploymentId }, lines);
  };
}

/** Times are compared as text, so they must all look alike. */
function normalTime(time: string, clock: Clock): string {
  const date = new Date(time);
  return (Number.isNaN(date.getTime()) ? clock.now() : date).toISOString();
}
