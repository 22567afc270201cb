import type { Report } from '@pipecat-cloud/contract/worker';
import type { BuildService } from '../builds/build-service.js';
import type { Store } from '../db/store.js';
import { endSession } from '../sessions/session-ends.js';
import type { Clock } from '../system.js';

interface ReportDeps {
  store: Store;
  clock: Clock;
  builds: Pick<BuildService, 'buildStarted' | 'buildLines' | 'buildFinished'>;
  appendLogs: (report: Extract<Report, { type: 'logs' }>) => Promise<void>;
  /** Credentials that a worker took out of what it reads. */
  credentialsSeen: (report: Extract<Report, { type: 'credentials-seen' }>) => Promise<void>;
  nudge: () => void;
}

/** Applies what a worker reports. Every application is guarded, so that a report that comes twice changes nothing the second time. */
export function createReportHandler({ store, clock, builds, appendLogs, credentialsSeen, nudge }: ReportDeps) {
  return async (report: Report): Promise<void> => {
    switch (report.type) {
      case 'session-ended': {
        const { sessionId, epoch, reason, status, at } = report;
        await endSession(store, clock, { sessionId, epoch, reason, status, at, slot: 'settling' });
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
        return await builds.buildStarted(report.buildId, report.at);
      case 'build-logs':
        return await builds.buildLines(report.buildId, report.lines);
      case 'build-finished':
        await builds.buildFinished(report.buildId, report.outcome, report.message, report.at);
        return nudge();
    }
  };
}
