import { setTimeout as delay } from 'node:timers/promises';
import type { BuildOrder } from '@pipecat-cloud/contract/worker';
import type { Logger } from 'pino';
import { BuilderUnavailable, type BuildResult } from '../drivers/builder.js';
import { type Driver, DriverError } from '../drivers/driver.js';
import type { CredentialSpotter } from '../logs/credential-spotter.js';
import type { Redactor } from '../logs/redactor.js';
import type { Outbox } from '../outbox.js';
import type { Timings } from '../timings.js';
import { type BuildContextDeps, createContext, type WatchedContext } from './build-context.js';
import { redactorOf } from './build-redactor.js';
import { type BuildOutcome, type BuildRecord, type BuildResults, isGivenUp, mostAttempts } from './build-results.js';
import { DownloadFailed } from './download.js';
import { createLineSender } from './line-sender.js';
import { nextOrder } from './next-order.js';

export interface BuildsDeps {
  driver: Driver;
  results: BuildResults;
  outbox: Outbox;
  spotter: Pick<CredentialSpotter, 'look'>;
  context: BuildContextDeps;
  timings: Timings;
  log: Logger;
  /** Builds that may run at once. */
  places: number;
  /** The builds under way have changed. */
  changed: () => void;
  /** What is kept of builds may have changed. */
  keptChanged: () => void;
  /** Asks the control plane to order a build that it knows as made. */
  askFor: (buildId: string) => void;
}

export type Builds = ReturnType<typeof createBuilds>;

/** An order with all values of its secrets, and what stands in the way of it where that is known already. */
export type PreparedOrder = BuildOrder & { impossible?: string };

interface Running {
  order: PreparedOrder;
  abort: AbortController;
  done: Promise<void>;
}

/**
 * Runs builds, a few at a time. A result is on disk before it is reported, unless the disk takes nothing, and is told again for a build that
 * is ordered again.
 */
export function createBuilds(deps: BuildsDeps) {
  const { driver, results, outbox, spotter, context, timings, log, places, changed, keptChanged, askFor } = deps;
  /** In the order in which they came; those that run are among them. */
  const queue = new Map<string, PreparedOrder>();
  const running = new Map<string, Running>();
  /** Those that instances wait for. */
  const restoring = new Map<string, PromiseWithResolvers<void>>();
  const closing = new AbortController();

  function report(record: BuildRecord): void {
    if (!record.outcome) return;
    outbox
      .deliver({ type: 'build-finished', buildId: record.buildId, ...record.outcome })
      .then(() => results.acknowledge(record))
      .catch((err) => log.error({ err, buildId: record.buildId }, 'an acknowledged build could not be noted'));
  }

  function startNext(): void {
    while (!closing.signal.aborted) {
      const order = nextOrder(
        [...queue.values()],
        [...running.values()].map((entry) => entry.order),
        places,
      );
      if (!order) return;
      const abort = new AbortController();
      const entry: Running = { order, abort, done: Promise.resolve() };
      running.set(order.buildId, entry);
      entry.done = run(order, abort.signal)
        .catch((err) =>
          log.error(
            { err, buildId: order.buildId },
            'a build could not be run; it runs again when it is ordered again',
          ),
        )
        .finally(() => {
          running.delete(order.buildId);
          endRestoring(order.buildId, new DriverError(missing, 'The build was broken off; it is made again'));
          if (queue.get(order.buildId) === order) queue.delete(order.buildId);
          changed();
          keptChanged();
          startNext();
        });
    }
  }

  async function run(order: PreparedOrder, forgotten: AbortSignal): Promise<void> {
    const { buildId } = order;
    const record = await results.begin(buildId);
    keptChanged();
    log.info({ buildId, attempt: record.attempts }, 'build started');
    void outbox.deliver({ type: 'build-started', buildId, at: new Date().toISOString() });
    const clean = redactorOf(order);
    const lines = createLineSender({
      attempt: record.attempts,
      batchMs: timings.logBatchMs,
      send: (batch) => outbox.deliver({ type: 'build-logs', buildId, lines: batch }),
      clean,
      spot: (text) => spotter.look(text, { kind: 'build', buildId }),
    });
    const givenUp = AbortSignal.any([forgotten, closing.signal]);
    const impossible = order.impossible ?? (isGivenUp(record) ? tooOften : undefined);
    const outcome = impossible ? finished('failed', impossible) : await build(order, lines.add, clean, givenUp);
    lines.flush();
    if (!outcome) return;
    await results
      .finish(record, outcome)
      .catch((err) =>
        log.error({ err, buildId }, 'the outcome of a build could not be noted; it is reported all the same'),
      );
    endRestoring(buildId, outcome.outcome === 'success' ? undefined : new DriverError(missing, remade(outcome)));
    log.info({ buildId, outcome: outcome.outcome }, 'build finished');
    report(record);
  }

  /** Undefined when it is given up: then it runs again if it is ordered again. */
  async function build(
    order: BuildOrder,
    onLine: (text: string) => void,
    clean: Redactor,
    givenUp: AbortSignal,
  ): Promise<BuildOutcome | undefined> {
    const timeout = AbortSignal.timeout(order.timeoutSeconds * 1000);
    const signal = AbortSignal.any([timeout, givenUp]);
    for (;;) {
      const source = createContext(context, order.buildId);
      try {
        return succeeded(await driver.build(order, source.open, onLine, signal));
      } catch (error) {
        if (givenUp.aborted) return undefined;
        if (timeout.aborted) return finished('timeout', `The build took longer than ${order.timeoutSeconds} s`);
        const unavailable = unavailability(error, source);
        if (!unavailable) return failed(error, order.buildId, clean);
        log.warn({ err: unavailable, buildId: order.buildId }, 'a build could not be made now; trying again');
        await delay(timings.backoffMaxMs, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  function failed(error: unknown, buildId: string, clean: Redactor): BuildOutcome {
    if (!(error instanceof DriverError)) log.error({ err: error, buildId }, 'a build failed unexpectedly');
    return finished('failed', clean(error instanceof Error ? error.message : String(error)).slice(0, 4000));
  }

  function endRestoring(buildId: string, error: DriverError | undefined): void {
    const entry = restoring.get(buildId);
    restoring.delete(buildId);
    if (error) entry?.reject(error);
    else entry?.resolve();
  }

  for (const record of results.unacknowledged()) report(record);

  return {
    /** Queues the build; one that is queued is left, one that has finished is reported again. */
    order(order: PreparedOrder): void {
      const record = results.get(order.buildId);
      if (record?.acknowledged) report(record);
      // One that is not acknowledged is on its way already.
      if (record?.outcome || queue.has(order.buildId)) return;
      queue.set(order.buildId, order);
      changed();
      keptChanged();
      startNext();
    },
    /**
     * Has a build made that is not here any more, or never was; resolves once it is there. Throws `missingError` where the control plane
     * does not order it, a `DriverError` when it fails, the signal's reason when aborted.
     */
    async restore(buildId: string, missingError: unknown, signal: AbortSignal): Promise<void> {
      let entry = restoring.get(buildId);
      if (!entry) {
        entry = Promise.withResolvers();
        entry.promise.catch(() => undefined); // The waiting below may be over.
        restoring.set(buildId, entry);
      }
      if (!queue.has(buildId)) {
        log.info({ buildId }, 'a build is not here; it is made again');
        // Its result would be told instead of making it.
        results.reopen(buildId);
        askFor(buildId);
      }
      const { promise } = entry;
      const unheard = setTimeout(() => {
        if (queue.has(buildId)) return;
        restoring.delete(buildId);
        entry.reject(missingError);
      }, timings.orderMs);
      const off = Promise.withResolvers<never>();
      const abort = () => off.reject(signal.reason);
      signal.addEventListener('abort', abort, { once: true });
      if (signal.aborted) abort();
      try {
        await Promise.race([promise, off.promise]);
      } finally {
        clearTimeout(unheard);
        signal.removeEventListener('abort', abort);
      }
    },
    /** Removes the build's files and result, breaking it off if it is under way. Throws `DriverError` while an instance uses it. */
    async forget(buildId: string): Promise<void> {
      queue.delete(buildId);
      const current = running.get(buildId);
      current?.abort.abort();
      await current?.done;
      await driver.forgetBuild(buildId);
      await results.forget(buildId);
      keptChanged();
    },
    underWay: (): string[] => [...queue.keys()],
    /** Builds that something is held of here, also those that wait. */
    async kept(): Promise<string[]> {
      return [...new Set([...queue.keys(), ...results.ids(), ...(await driver.keptBuilds())])];
    },
    /** Breaks off what runs; it runs again when it is ordered again. */
    async close(): Promise<void> {
      closing.abort();
      await Promise.all([...running.values()].map(({ done }) => done));
    },
  };
}

/** Why a build can't be made now but may be later; undefined where it is to blame itself, or this machine. */
function unavailability(error: unknown, source: WatchedContext): Error | undefined {
  if (error instanceof BuilderUnavailable) return error;
  // A source that nobody reads to its end breaks too: what a driver says of its own is the reason.
  return error instanceof DriverError && !(error instanceof DownloadFailed) ? undefined : source.failure();
}

const missing = 'PCC_IMAGE_NOT_FOUND';
const remade = ({ message }: BuildOutcome) => `The build is not on this worker, and making it again failed: ${message}`;

const tooOften = `The build was begun ${mostAttempts} times, and each time the worker ended before the build did. Does it need more memory than that machine has?`;

function succeeded({ imageSizeBytes }: BuildResult): BuildOutcome {
  return { ...finished('success'), ...(imageSizeBytes === undefined ? {} : { imageSizeBytes }) };
}

function finished(outcome: BuildOutcome['outcome'], message?: string): BuildOutcome {
  return { outcome, at: new Date().toISOString(), ...(message === undefined ? {} : { message }) };
}
