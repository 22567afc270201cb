import { failpoint } from '@pipecat-cloud/contract/failpoint';
import { redact } from '@pipecat-cloud/contract/token-format';
import type { Report } from '@pipecat-cloud/contract/worker';
import type { Logger } from 'pino';
import type { BuildService } from '../builds/build-service.js';
import type { SessionEnds } from '../sessions/session-ends.js';
import type { SessionTraces } from '../sessions/session-traces.js';
import type { SessionUsage } from '../sessions/session-usage.js';
import type { ReportScope } from './report-scope.js';
import type { ConnectedWorker } from './worker-connection.js';

/** What a worker makes of an end is shorter. */
const longestDetail = 1000;

interface ReportDeps {
  ends: SessionEnds;
  usage: Pick<SessionUsage, 'add'>;
  traces: Pick<SessionTraces, 'connected'>;
  builds: Pick<BuildService, 'buildStarted' | 'buildLines' | 'buildFinished'>;
  appendLogs: (report: Extract<Report, { type: 'logs' }>) => Promise<void>;
  /** Credentials that a worker took out of what it reads. */
  credentialsSeen: (report: Extract<Report, { type: 'credentials-seen' }>) => Promise<void>;
  nudge: () => void;
  scope: ReportScope;
  log: Pick<Logger, 'warn'>;
}

/** Applies what a worker reports. Every application is guarded, so that a report that comes twice changes nothing the second time. */
export function createReportHandler(deps: ReportDeps) {
  const { ends, builds, usage, traces, appendLogs, credentialsSeen, nudge, scope, log } = deps;
  return async (report: Report, worker: ConnectedWorker): Promise<void> => {
    if (worker.scope && !(await scope.covers(worker.scope, report))) {
      // Taken as said, or it would come for ever; and left at that.
      log.warn({ workerId: worker.workerId, report: report.type }, 'a report about another organization was dropped');
      return;
    }
    switch (report.type) {
      case 'session-ended': {
        const { sessionId, epoch, reason, status, detail, at } = report;
        await failpoint('end.reported');
        // At its cap a bot was not asked: nobody knows when it stops, if ever.
        const unfinished = report.unfinished === true || reason === 'duration_exceeded';
        // With its instance nothing is left to wait for.
        const slot = unfinished ? 'quarantined' : reason === 'instance_exited' ? 'retiring' : 'settling';
        await ends.end({ sessionId, epoch, reason, status, detail: sentenceOf(detail), at, slot });
        await failpoint('end.recorded');
        return nudge();
      }
      case 'logs':
        return await appendLogs(report);
      case 'credentials-seen':
        return await credentialsSeen(report);
      case 'usage':
        return usage.add(report.sessionId, report.samples);
      case 'session-connected':
        return traces.connected(report.sessionId);
      case 'build-started':
        return await builds.buildStarted(report.buildId, report.at, worker.workerId);
      case 'build-logs':
        return await builds.buildLines(report.buildId, report.lines, worker.workerId);
      case 'build-finished':
        await builds.buildFinished(report.buildId, report.outcome, report.message, report.at, {
          imageSizeBytes: sizeOf(report.imageSizeBytes),
          from: worker.workerId,
        });
        return nudge();
    }
  };
}

/** Workers of organizations may say anything; PostgreSQL takes no zero character. */
function sentenceOf(detail: unknown): string | undefined {
  return typeof detail === 'string' ? redact(detail.replace(/\p{Cc}+/gu, ' ')).slice(0, longestDetail) : undefined;
}

const sizeOf = (bytes: unknown) => (Number.isSafeInteger(bytes) && Number(bytes) >= 0 ? Number(bytes) : undefined);
