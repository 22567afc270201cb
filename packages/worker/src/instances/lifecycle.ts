import { setTimeout as delay } from 'node:timers/promises';
import { failpoint } from '@pipecat-cloud/contract/failpoint';
import type { InstanceSpec } from '@pipecat-cloud/contract/worker';
import type { Logger } from 'pino';
import { type Driver, DriverError, type DriverInstance, DriverUnavailable } from '../drivers/driver.js';
import type { Timings } from '../timings.js';
import { explain, neverReady, told, wordsOfExit } from './explain.js';
import { type Instance, isGone, unknownError } from './instance.js';
import { createProber } from './prober.js';
import type { Records } from './record.js';

export interface LifecycleDeps {
  driver: Driver;
  records: Records;
  timings: Timings;
  log: Logger;
  changed: () => void;
  /** Asks the driver what runs, for an address or an exit. */
  refresh: () => Promise<void>;
}

/** A spec, and what stands in the way of it where that is known already. */
export type PreparedSpec = InstanceSpec & { impossible?: string };

export type Lifecycle = ReturnType<typeof createLifecycle>;

/** One instance from `ensure` to its end, apart from its sessions. */
export function createLifecycle(deps: LifecycleDeps) {
  const { driver, records, timings, log, changed } = deps;
  const starting = new Map<
    string,
    { deadline: NodeJS.Timeout | undefined; abort: AbortController; done: Promise<void> }
  >();
  const killing = new Map<string, Promise<void>>();
  const ends = new Map<string, Promise<void>>();
  const startTimeouts = new Map<string, number>();
  let closed = false;
  const prober = createProber({ timings, onReady, onSilent, changed });

  function background(work: Promise<void>, what: string, { id }: Instance): void {
    work.catch((err) => log.error({ err, instanceId: id }, `${what} failed`));
  }

  function onReady(instance: Instance): void {
    clearTimeout(starting.get(instance.id)?.deadline);
    if (instance.record.startedMs !== undefined) return;
    const nowMs = performance.now();
    instance.record.startedMs = Math.round(nowMs - (instance.ensuredAt ?? nowMs));
    log.info({ instanceId: instance.id, startedMs: instance.record.startedMs }, 'instance ready');
    background(records.save(instance.record), 'noting that an instance is ready', instance);
  }

  function onSilent(instance: Instance, silentMs: number): void {
    const limit = startTimeouts.get(instance.id);
    if (limit === undefined || instance.record.startedMs === undefined || silentMs < limit * 1000) return;
    const message = `The instance has not answered on its port for ${limit} s`;
    background(failAndKill(instance, message), 'ending a silent instance', instance);
  }

  async function fail(instance: Instance, code: string, message: string): Promise<void> {
    prober.stop(instance.id);
    clearTimeout(starting.get(instance.id)?.deadline);
    instance.life = 'failed';
    instance.error = { code, message };
    instance.explaining = false;
    instance.record.failure = instance.error;
    log.warn({ instanceId: instance.id, code }, 'instance failed');
    changed();
    // A full disk must not keep it from being removed afterwards.
    await records
      .save(instance.record)
      .catch((err) => log.error({ err, instanceId: instance.id }, 'that an instance failed could not be noted'));
  }

  async function failAndKill(instance: Instance, message: string): Promise<void> {
    // A session is never ended because of a probe.
    const isLeft = () => isGone(instance) || killing.has(instance.id) || instance.tenancy || instance.activating;
    if (isLeft()) return;
    const explained = await explain(driver, instance, message);
    // It may have become ready meanwhile, and taken a session.
    if (isLeft()) return;
    prober.stop(instance.id);
    instance.record.lastWords = null;
    await fail(instance, unknownError, explained);
    starting.get(instance.id)?.abort.abort();
    await kill(instance, timings.stopGraceSeconds);
  }

  /** As long as what runs the instances is away it is tried again, and the instance says what it waits for. */
  async function ensureOnceThere(instance: Instance, spec: PreparedSpec, signal: AbortSignal): Promise<void> {
    try {
      for (;;) {
        try {
          return await driver.ensure(spec, signal);
        } catch (error) {
          if (!(error instanceof DriverUnavailable) || signal.aborted) throw error;
          if (instance.delayed === undefined)
            log.warn({ err: error, instanceId: instance.id }, 'an instance can not be made now; trying again');
          instance.delayed = error.message;
          changed();
          await delay(timings.backoffMaxMs, undefined, { signal });
        }
      }
    } finally {
      instance.delayed = undefined;
    }
  }

  async function make(instance: Instance, spec: PreparedSpec, signal: AbortSignal): Promise<void> {
    if (spec.impossible !== undefined) return await fail(instance, unknownError, spec.impossible);
    try {
      // By which secrets it was started has to be known after this worker's end, if it prints one.
      if (spec.secretsVersion !== undefined) await records.save(instance.record);
      await failpoint('instance.making');
      await ensureOnceThere(instance, spec, signal);
      await failpoint('instance.made');
    } catch (error) {
      if (closed || isGone(instance) || instance.removing) return;
      const known = error instanceof DriverError;
      if (!known) log.error({ err: error, instanceId: instance.id }, 'the driver failed to make an instance');
      const message = known ? error.message : 'The worker could not start the instance; its log says why';
      return fail(instance, known ? error.code : unknownError, instance.redactor?.(message) ?? message);
    }
    if (closed || isGone(instance) || instance.removing) return;
    instance.life = 'starting';
    changed();
    limitStart(instance, spec.startTimeoutSeconds);
    // Where it can't be asked now, its address comes with the next look.
    await deps.refresh().catch((err) => log.warn({ err, instanceId: instance.id }, 'a new instance is not seen yet'));
    prober.watch(instance);
  }

  /** Counts from when its process runs: how long its image takes to come is bounded by the driver. */
  function limitStart(instance: Instance, seconds: number): void {
    const entry = starting.get(instance.id);
    if (!entry) return;
    entry.deadline = setTimeout(() => {
      const message = neverReady(instance, seconds);
      background(failAndKill(instance, message), 'ending an instance that did not start', instance);
    }, seconds * 1000);
  }

  return {
    /** Makes the instance and watches it until it is ready or has failed. */
    start(instance: Instance, spec: PreparedSpec): void {
      const abort = new AbortController();
      instance.ensuredAt = performance.now();
      startTimeouts.set(instance.id, spec.startTimeoutSeconds);
      const done = make(instance, spec, abort.signal);
      starting.set(instance.id, { deadline: undefined, abort, done });
      background(done, 'starting an instance', instance);
    },

    /** Begins to ask an instance whose address has become known: one from before this worker, or one that was not seen at first. */
    watch(instance: Instance): void {
      prober.watch(instance);
    },

    /** `ensure` again for an adopted instance tells its start timeout, counted from now if it never was ready. */
    known(instance: Instance, spec: InstanceSpec): void {
      if (startTimeouts.has(instance.id)) return;
      startTimeouts.set(instance.id, spec.startTimeoutSeconds);
      if (instance.record.startedMs !== undefined || isGone(instance)) return;
      const deadline = setTimeout(() => {
        if (instance.record.startedMs !== undefined) return;
        const message = neverReady(instance, spec.startTimeoutSeconds);
        background(failAndKill(instance, message), 'ending an instance that did not start', instance);
      }, spec.startTimeoutSeconds * 1000);
      starting.set(instance.id, { deadline, abort: new AbortController(), done: Promise.resolve() });
    },

    /** Probes again at once, as not ready. */
    doubt(instance: Instance): void {
      if (isGone(instance)) return;
      instance.life = 'starting';
      changed();
      prober.watch(instance);
    },

    gone,
    kill,

    /** Gives up an instance that is being made; resolves once the driver has let go of it. */
    async abandon(instance: Instance): Promise<void> {
      const entry = starting.get(instance.id);
      clearTimeout(entry?.deadline);
      entry?.abort.abort();
      // Why it could not be made has been told.
      await entry?.done.catch(() => undefined);
    },

    forget({ id }: Instance): void {
      prober.stop(id);
      clearTimeout(starting.get(id)?.deadline);
      starting.delete(id);
      startTimeouts.delete(id);
      ends.delete(id);
    },

    close(): void {
      closed = true;
      prober.close();
      for (const { deadline, abort } of starting.values()) {
        clearTimeout(deadline);
        abort.abort();
      }
    },
  };

  /** The driver no longer sees it run. Resolves once that is told, and its session's end with it. */
  function gone(instance: Instance, seen?: DriverInstance): Promise<void> {
    let work = ends.get(instance.id);
    if (!work) {
      work = isGone(instance) ? Promise.resolve() : goneNow(instance, seen);
      ends.set(instance.id, work);
    }
    return work;
  }

  async function goneNow(instance: Instance, seen?: DriverInstance): Promise<void> {
    const wasReady = instance.record.startedMs !== undefined;
    const expected = killing.has(instance.id) || instance.removing;
    instance.life = wasReady || expected ? 'exited' : 'failed';
    instance.explaining = !expected;
    prober.stop(instance.id);
    clearTimeout(starting.get(instance.id)?.deadline);
    const { record } = instance;
    const words = wordsOfExit(instance, seen, wasReady);
    const ended = instance.tenancy?.instanceGone(words, seen?.exit?.at);
    if (!expected) {
      if (!ended) record.lastWords ??= { text: told(instance, words) };
      instance.lastWords = Promise.resolve(ended?.catch(() => undefined)).then(() => record.lastWords);
      const message = await explain(driver, instance, words);
      instance.error = { code: seen?.error?.code ?? unknownError, message };
      instance.explaining = false;
      log.warn({ instanceId: instance.id, exit: seen?.exit }, 'instance ended by itself');
      if (!wasReady) await fail(instance, instance.error.code, message);
    }
    changed();
    await ended;
  }

  /** Ends its processes, trying until it works. */
  function kill(instance: Instance, graceSeconds: number, why?: string): Promise<void> {
    const under = killing.get(instance.id);
    if (under) return under;
    prober.stop(instance.id);
    const done = killUntilGone(instance, graceSeconds, why).finally(() => killing.delete(instance.id));
    killing.set(instance.id, done);
    return done;
  }

  /** So that a worker that finds it ended does not take it for one that ended by itself. */
  async function noteKill(instance: Instance): Promise<void> {
    const { id, record } = instance;
    if (isGone(instance) || record.lastWords !== undefined) return;
    record.lastWords = null;
    // A full disk must not keep it from being ended.
    await records
      .save(record)
      .catch((err) => log.warn({ err, instanceId: id }, 'that an instance is ended could not be noted'));
  }

  async function killUntilGone(instance: Instance, graceSeconds: number, why?: string): Promise<void> {
    await noteKill(instance);
    while (!closed) {
      try {
        await driver.kill(instance.id, { graceSeconds });
        break;
      } catch (err) {
        log.error({ err, instanceId: instance.id }, 'an instance could not be ended; trying again');
        await delay(1000);
      }
    }
    if (closed) return;
    if (why) instance.error = { code: unknownError, message: why };
    await gone(instance);
  }
}
