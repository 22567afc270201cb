import { setTimeout as delay } from 'node:timers/promises';
import type { Report } from '@pipecat-cloud/contract/worker';
import type { Logger } from 'pino';

interface ReportQueueDeps {
  workerId: string;
  log: Pick<Logger, 'error'>;
  apply: (report: Report) => Promise<void>;
  acknowledge: (number: number) => void;
  isOpen: () => boolean;
  /** Ends the link: what is not acknowledged comes again on the next one. */
  breakLink: () => void;
  retryMs?: number;
}

/** No disk that is looked after stays full for longer; one end that can never be recorded must not keep its session open for good. */
const endingMs = 10 * 60_000;
const firstLogRetryMs = 250;
const longestLogRetryMs = 2_000;
const failuresToTell = 60;

/** The reports that come over one link: in which order they are applied, what happens when one can't be, and when each is acknowledged. */
export function createReportQueue(deps: ReportQueueDeps) {
  const { workerId, log, apply, acknowledge, isOpen, breakLink, retryMs = 500 } = deps;
  let last = Promise.resolve();
  /** Of each session, the end that is being recorded, and since when. */
  const ends = new Map<string, { applied: Promise<void>; since: number }>();
  /** Log lines on their way into the store. */
  const storing = new Set<Promise<void>>();

  /** Tried again while the link is there: a database that is locked, or a full disk, must not cut off the worker's sessions. */
  async function applyPatiently(report: Report): Promise<void> {
    for (;;) {
      try {
        return await apply(report);
      } catch (error) {
        if (!isOpen()) throw error;
        log.error({ err: error, workerId, report: report.type }, 'a report could not be applied; it is tried again');
      }
      await delay(retryMs);
    }
  }

  /** In the order in which they came; but an end waits only for an earlier one of its session, the first of which counts. */
  function applyInOrder(number: number, report: Report): void {
    const before = report.type === 'session-ended' ? (ends.get(report.sessionId)?.applied ?? Promise.resolve()) : last;
    const applied = before
      .then(() => applyPatiently(report))
      .then(() => acknowledge(number))
      // The link is gone; on the next one it comes again.
      .catch(breakLink);
    if (report.type === 'session-ended') {
      const { sessionId } = report;
      ends.set(sessionId, { applied, since: ends.get(sessionId)?.since ?? performance.now() });
      void applied.then(() => ends.get(sessionId)?.applied === applied && ends.delete(sessionId));
    }
    last = Promise.all([last, applied]).then(() => undefined);
  }

  /**
   * Log lines wait for nothing and hold nothing up: a disk that takes no more of them must not keep an end of a session from being
   * recorded. They are tried until they are stored or the link is gone; meanwhile the worker reads no more of that instance.
   */
  async function applyLogs(number: number, report: Report): Promise<void> {
    for (let failures = 0; isOpen(); failures++) {
      try {
        await apply(report);
        return acknowledge(number);
      } catch (error) {
        if (failures % failuresToTell === 0)
          log.error({ err: error, workerId }, 'log lines could not be stored; trying again');
        await delay(Math.min(firstLogRetryMs * 2 ** failures, longestLogRetryMs), undefined, { ref: false });
      }
    }
  }

  return {
    take(number: number, report: Report): void {
      if (report.type === 'logs') {
        const stored = applyLogs(number, report).finally(() => storing.delete(stored));
        storing.add(stored);
      } else {
        applyInOrder(number, report);
      }
    },
    /** Whether an end of that session has come and is not recorded yet, though it may be. */
    isEnding(sessionId: string): boolean {
      const end = ends.get(sessionId);
      return end !== undefined && performance.now() - end.since < endingMs;
    },
    /** Resolves once all that have come so far are applied, or given up with the link. */
    async idle(): Promise<void> {
      await Promise.all([last, ...storing]);
    },
  };
}
