import type { Report } from '@pipecat-cloud/contract/worker';
import type { Logger } from 'pino';
import type { BuildService } from '../builds/build-service.js';
import type { Store } from '../db/store.js';
import type { SessionEnds } from '../sessions/session-ends.js';
import type { ReportScope } from './report-scope.js';
import type { ConnectedWorker } from './worker-channel.js';

interface ReportDeps {
  store: Store;
  ends: SessionEnds;
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
  const { store, ends, builds, appendLogs, credentialsSeen, nudge, scope, log } = deps;
  return async (report: Report, worker: ConnectedWorker): Promise<void> => {
    if (worker.scope && !(await scope.covers(worker.scope, report))) {
      // Taken as said, or it would come for ever; and left at that.
      log.warn({ workerId: worker.workerId, report: report.type }, 'a report about another organization was dropped');
      return;
    }
    switch (report.type) {
      case 'session-ended': {
        const { sessionId, epoch, reason, status, at } = report;
        await ends.end({ sessionId, epoch, reason, status, at, slot: 'settling' });
        return nudge();
      }
      case 'logs':
        return await appendLogs(report);
      case 'credentials-seen':
        return await credentialsSeen(report);
      case 'usage':
        if (await store.sessions.exists(report.sessionId))
          await store.sessions.addUsage(report.sessionId, report.samples);
        return;
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

/** Workers of organizations may say anything. */
const sizeOf = (bytes: unknown) => (Number.isSafeInteger(bytes) && Number(bytes) >= 0 ? Number(bytes) : undefined);
