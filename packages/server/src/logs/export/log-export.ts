import { setTimeout as delay } from 'node:timers/promises';
import type { HealthWarning } from '@pipecat-cloud/contract/installation';
import type { Logger } from 'pino';
import type { FollowedLines, LogStore, StoredLogLine } from '../log-store.js';
import type { ExportPlaces } from './export-places.js';

/** Whose lines they are, in words that people know. */
export interface ExportedAgent {
  organization: string;
  agent: string;
  agentId: string;
}

/** Some lines of one agent, in order of arrival. */
export interface ExportBatch extends ExportedAgent {
  lines: readonly StoredLogLine[];
  /** Where it begins and ends: the same batch has the same ones, so that one which is sent again can be told. */
  from: string;
  to: string;
}

/** Somewhere that log lines are sent to. */
export interface LogSink {
  readonly name: string;
  /** Bytes of text that are gathered before something is sent, unless it has waited for `waitMs`. */
  batchBytes: number;
  waitMs: number;
  /** Resolves once they are taken. Throws when they were not, and are to be sent again; `LinesRefused` when they never will be. */
  send(batch: ExportBatch, signal: AbortSignal): Promise<void>;
}

/** The receiver says that these lines are wrong: sending them again would never end. */
export class LinesRefused extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'LinesRefused';
  }
}

interface LogExportDeps {
  sink: LogSink;
  logs: LogStore;
  places: ExportPlaces;
  /** Undefined for an agent that is deleted. */
  agentOf: (agentId: string) => Promise<ExportedAgent | undefined>;
  log: Pick<Logger, 'warn' | 'info'>;
  /** First wait after a failure; it doubles. */
  retryMs?: number;
  onSent?: (lines: number) => void;
  onFailed?: () => void;
}

const longestRetryMs = 60_000;
const failuresToTell = 3;

/**
 * Sends all lines of the log store somewhere else, at least once and in order for each agent. It reads from the files of the store and
 * notes how far it is, so that what waits costs no memory and survives a restart: the backlog is bounded by how long logs are kept.
 */
export function createLogExport(deps: LogExportDeps) {
  const { sink, logs, places, agentOf, log, retryMs = 1000, onSent = () => {}, onFailed = () => {} } = deps;
  const closing = new AbortController();
  const dirty = new Set<string>();
  let wake = Promise.withResolvers<void>();
  let running: Promise<void> | undefined;
  let failures = 0;
  let problem: string | undefined;

  function mark(agentId: string): void {
    dirty.add(agentId);
    wake.resolve();
  }

  /** The next lines of an agent, as many as are sent at once. */
  async function gather(agentId: string): Promise<(FollowedLines & { full: boolean }) | undefined> {
    let step = await logs.readOn(agentId, places.of(agentId));
    if (!step) return undefined;
    let bytes = sizeOf(step.lines);
    while (bytes < sink.batchBytes) {
      const next = await logs.readOn(agentId, step.cursor);
      if (!next) return { ...step, full: false };
      step = { ...step, lines: [...step.lines, ...next.lines], cursor: next.cursor };
      bytes += sizeOf(next.lines);
    }
    return { ...step, full: true };
  }

  async function sendOn(agentId: string): Promise<'more' | 'done'> {
    const step = await gather(agentId);
    if (!step) return 'done';
    const agent = await agentOf(agentId);
    const from = places.of(agentId) ?? '0.0';
    if (step.gap)
      log.warn(
        { agentId, sink: sink.name },
        'the log does not go on where its export was: lines are missing, or sent again',
      );
    if (agent && step.lines.length > 0) {
      const batch = { ...agent, lines: step.lines, from, to: step.cursor };
      await sink.send(batch, closing.signal).catch((error: unknown) => {
        if (!(error instanceof LinesRefused)) throw error;
        log.warn(
          { err: error, agentId, lines: step.lines.length, sink: sink.name },
          'log lines were refused and left out',
        );
      });
      onSent(step.lines.length);
    }
    await places.set(agentId, step.cursor);
    return step.full ? 'more' : 'done';
  }

  /** False where it failed, which is counted, told now and then, and followed by a wait that grows with each failure. */
  async function attempt(work: () => Promise<void>): Promise<boolean> {
    try {
      await work();
      failures = 0;
      problem = undefined;
      return true;
    } catch (error) {
      if (closing.signal.aborted) return false;
      failures++;
      problem = (error as Error).message;
      onFailed();
      if (failures === 1 || failures % 20 === 0)
        log.warn({ err: error, sink: sink.name, failures }, 'log lines could not be exported; trying again');
      const ceiling = Math.min(longestRetryMs, retryMs * 2 ** Math.min(failures - 1, 10));
      await pause(ceiling / 2 + (Math.random() * ceiling) / 2);
      return false;
    }
  }

  async function round(): Promise<void> {
    for (const agentId of [...dirty]) {
      if (closing.signal.aborted) return;
      dirty.delete(agentId);
      const done = await attempt(async () => {
        if ((await sendOn(agentId)) === 'more') dirty.add(agentId);
      });
      if (!done) dirty.add(agentId);
    }
  }

  async function markAll(): Promise<void> {
    for (const agentId of await logs.agents()) mark(agentId);
  }

  async function run(): Promise<void> {
    for (let known = false; !known && !closing.signal.aborted; ) known = await attempt(markAll);
    while (!closing.signal.aborted) {
      if (dirty.size === 0) {
        wake = Promise.withResolvers();
        if (dirty.size === 0) await wake.promise;
        // More comes in a moment, and one request for many lines is better than many for one.
        await pause(sink.waitMs);
      }
      await round();
    }
  }

  const pause = (ms: number) => delay(ms, undefined, { signal: closing.signal }).catch(() => undefined);

  const unsubscribe = logs.onAppend(mark);

  return {
    start(): void {
      running ??= run();
    },
    warnings: (): HealthWarning[] =>
      failures < failuresToTell
        ? []
        : [
            {
              code: 'log_export_failing',
              severity: 'warning',
              text: `log lines do not reach ${sink.name}: ${problem}`,
              hint: 'They are kept and sent later, as long as the log itself is kept.',
            },
          ],
    /** Lets go; what is not sent is sent after the next start. */
    async close(): Promise<void> {
      unsubscribe();
      closing.abort();
      wake.resolve();
      await running;
      await places.close();
    },
  };
}
export type LogExport = ReturnType<typeof createLogExport>;

const sizeOf = (lines: readonly StoredLogLine[]) => lines.reduce((sum, { text }) => sum + text.length, 0);
