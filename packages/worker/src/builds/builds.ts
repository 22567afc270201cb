import { setTimeout as delay } from 'node:timers/promises';
import { redact } from '@pipecat-cloud/contract/token-format';
import type { BuildOrder } from '@pipecat-cloud/contract/worker';
import type { Logger } from 'pino';
import { type Driver, DriverError } from '../drivers/driver.js';
import type { CredentialSpotter } from '../logs/credential-spotter.js';
import type { Outbox } from '../outbox.js';
import type { Timings } from '../timings.js';
import { type BuildContextDeps, createContext } from './build-context.js';
import type { BuildOutcome, BuildRecord, BuildResults } from './build-results.js';
import { createLineSender } from './line-sender.js';

export interface BuildsDeps {
  driver: Driver;
  results: BuildResults;
  outbox: Outbox;
  spotter: Pick<CredentialSpotter, 'look'>;
  context: BuildContextDeps;
  timings: Timings;
  log: Logger;
  /** The builds under way have changed. */
  changed: () => void;
}

export type Builds = ReturnType<typeof createBuilds>;

/** Runs builds one at a time. A result is on disk before it is reported and is told again for a build that is ordered again. */
export function createBuilds({ driver, results, outbox, spotter, context, timings, log, changed }: BuildsDeps) {
  const queue = new Map<string, BuildOrder>();
  const closing = new AbortController();
  let running: Promise<void> | undefined;
  let current: { buildId: string; abort: AbortController; done: Promise<void> } | undefined;

  function report(record: BuildRecord): void {
    if (!record.outcome) return;
    outbox
      .deliver({ type: 'build-finished', buildId: record.buildId, ...record.outcome })
      .then(() => results.acknowledge(record))
      .catch((err) => log.error({ err, buildId: record.buildId }, 'an acknowledged build could not be noted'));
  }

  async function runAll(): Promise<void> {
    for (const [buildId, order] of queue) {
      const abort = new AbortController();
      current = { buildId, abort, done: run(order, abort.signal) };
      try {
        await current.done;
      } catch (err) {
        log.error({ err, buildId }, 'a build could not be run; it runs again when it is ordered again');
      }
      current = undefined;
      queue.delete(buildId);
      changed();
      if (closing.signal.aborted) return;
    }
  }

  function runSoon(): void {
    running ??= runAll().finally(() => {
      running = undefined;
      if (queue.size > 0 && !closing.signal.aborted) runSoon();
    });
  }

  async function run(order: BuildOrder, forgotten: AbortSignal): Promise<void> {
    const { buildId } = order;
    const record = await results.begin(buildId);
    log.info({ buildId, attempt: record.attempts }, 'build started');
    void outbox.deliver({ type: 'build-started', buildId, at: new Date().toISOString() });
    const lines = createLineSender({
      attempt: record.attempts,
      batchMs: timings.logBatchMs,
      send: (batch) => outbox.deliver({ type: 'build-logs', buildId, lines: batch }),
      spot: (text) => spotter.look(text, { kind: 'build', buildId }),
    });
    const outcome = await build(order, lines.add, AbortSignal.any([forgotten, closing.signal]));
    lines.flush();
    if (!outcome) return;
    await results.finish(record, outcome);
    log.info({ buildId, outcome: outcome.outcome }, 'build finished');
    report(record);
  }

  /** Undefined when it is given up: then it runs again if it is ordered again. */
  async function build(
    order: BuildOrder,
    onLine: (text: string) => void,
    givenUp: AbortSignal,
  ): Promise<BuildOutcome | undefined> {
    const timeout = AbortSignal.timeout(order.timeoutSeconds * 1000);
    const signal = AbortSignal.any([timeout, givenUp]);
    for (;;) {
      const source = createContext(context, order.buildId);
      try {
        await driver.build(order, source.open, onLine, signal);
        return finished('success');
      } catch (error) {
        if (givenUp.aborted) return undefined;
        if (timeout.aborted) return finished('timeout', `The build took longer than ${order.timeoutSeconds} s`);
        const unavailable = source.failure();
        if (!unavailable) return failed(error, order.buildId);
        log.warn({ err: unavailable, buildId: order.buildId }, 'fetching a build context failed; trying again');
        await delay(timings.backoffMaxMs, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  function failed(error: unknown, buildId: string): BuildOutcome {
    if (!(error instanceof DriverError)) log.error({ err: error, buildId }, 'a build failed unexpectedly');
    return finished('failed', redact(error instanceof Error ? error.message : String(error)).slice(0, 4000));
  }

  for (const record of results.unacknowledged()) report(record);

  return {
    /** Queues the build; one that is queued is left, one that has finished is reported again. */
    order(order: BuildOrder): void {
      const record = results.get(order.buildId);
      if (record?.acknowledged) report(record);
      // One that is not acknowledged is on its way already.
      if (record?.outcome || queue.has(order.buildId)) return;
      queue.set(order.buildId, order);
      changed();
      runSoon();
    },
    /** Removes the build's files and result, breaking it off if it is under way. */
    async forget(buildId: string): Promise<void> {
      queue.delete(buildId);
      if (current?.buildId === buildId) {
        current.abort.abort();
        await current.done.catch(() => undefined);
      }
      await driver.forgetBuild(buildId);
      await results.forget(buildId);
    },
    underWay: (): string[] => [...queue.keys()],
    /** Breaks off what runs; it runs again when it is ordered again. */
    async close(): Promise<void> {
      closing.abort();
      await running;
    },
  };
}

function finished(outcome: BuildOutcome['outcome'], message?: string): BuildOutcome {
  return { outcome, at: new Date().toISOString(), ...(message === undefined ? {} : { message }) };
}
