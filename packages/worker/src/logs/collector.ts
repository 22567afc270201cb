import { setTimeout as delay } from 'node:timers/promises';
import { createLevelReader, type LogLevel } from '@pipecat-cloud/contract/log-levels';
import type { WorkerLogLine } from '@pipecat-cloud/contract/worker';
import type { Logger } from 'pino';
import type { Driver, DriverLogLine } from '../drivers/driver.js';
import { type Instance, isGone } from '../instances/instance.js';
import type { LastWords, LogInterval } from '../instances/record.js';
import type { Outbox } from '../outbox.js';
import type { Timings } from '../timings.js';
import { createAllowance, type LogRate } from './allowance.js';
import { createBatch } from './batch.js';
import type { CredentialSpotter } from './credential-spotter.js';
import { sessionAt } from './intervals.js';
import { createLeftOut, leftOutText } from './leave-out.js';
import type { LogPositions } from './log-positions.js';
import type { Redactor } from './redactor.js';
import { keepSecretsWhole } from './whole-secrets.js';

export interface CollectorDeps {
  driver: Driver;
  outbox: Outbox;
  positions: LogPositions;
  spotter: Pick<CredentialSpotter, 'look'>;
  timings: Timings;
  /** What each instance may write. */
  rate: LogRate;
  log: Logger;
}

export type Collectors = ReturnType<typeof createCollectors>;

const longestLine = 64 * 1024;
/** How often it is said that lines are left out, while they are. */
const leftOutSaidMs = 1000;

interface Collector {
  abort: AbortController;
  done: Promise<void>;
}

/**
 * Follows the output of instances and reports it, tagged by session and free of secrets. It begins where the control plane has
 * acknowledged, so that lines may come twice but none is lost. One batch at a time is under way for an instance; meanwhile at
 * most one more is read. An instance that writes more than it may has what is beyond left out, with a line that says so.
 */
export function createCollectors({ driver, outbox, positions, spotter, timings, rate, log }: CollectorDeps) {
  const collectors = new Map<string, Collector>();
  const counts = { lines: 0, leftOut: 0 };

  /** `isOver`: the instance has ended, so that what is there is all that will be. */
  async function follow(instance: Instance, redactor: Redactor, signal: AbortSignal, isOver: boolean): Promise<void> {
    const { labels } = instance.record;
    const source = {
      organizationId: labels.organizationId,
      agentId: labels.agentId,
      deploymentId: labels.deploymentId,
      instanceId: instance.id,
    };
    const batch = createBatch();
    const levelOf = createLevelReader();
    const allowance = createAllowance(rate);
    const leftOut = createLeftOut(driver, instance.id, redactor);
    let from = positions.get(instance.id);
    /** The line before was cut, so the next one is its next piece. */
    let goesOn = false;
    let sending: Promise<void> | undefined;

    /** Sends what is there, one batch after the other, each once the one before is acknowledged. */
    async function send(): Promise<void> {
      while (batch.size() > 0 && !signal.aborted) {
        await batch.whenFullOr(timings.logBatchMs);
        if (signal.aborted) return;
        const lines = batch.take();
        await outbox.deliver({ type: 'logs', ...source, lines });
        const last = lines.at(-1);
        if (last) acknowledged(instance, last.position);
        counts.lines += lines.length;
      }
    }

    function add(line: WorkerLogLine): void {
      batch.add(line);
      sending ??= send().finally(() => {
        sending = undefined;
      });
    }

    async function sayWhatIsLeftOut(): Promise<void> {
      const found = await leftOut.take();
      if (!found) return;
      counts.leftOut += found.lines;
      const text = leftOutText(found, rate.bytesPerSecond);
      log.warn(
        { instanceId: instance.id, lines: found.lines, bytes: found.to - found.from },
        'log lines were left out',
      );
      add({ ...tagged(found.to, instance.record.intervals), time: new Date().toISOString(), text, level: 'WARNING' });
    }

    /** How the instance ended, behind its last line: always at the same position, which its output never reaches, so that it is kept once. */
    async function sayHowItEnded(): Promise<void> {
      const words = await instance.lastWords;
      if (!words || signal.aborted) return;
      const position = (await driver.logEnd(instance.id)) + 1;
      // Said before a restart of the worker.
      if (positions.get(instance.id) >= position) return;
      const { sessionId } = words;
      const line = { position, time: new Date().toISOString(), text: endText(words), level: 'ERROR' } as const;
      add(sessionId === undefined ? line : { ...line, sessionId });
    }

    /** Reads until the source ends; the position to go on from where the rest of a flood is passed over. */
    async function read(position: number, afterSkip: boolean): Promise<number | undefined> {
      let inTheMiddle = afterSkip;
      const lines = driver.logs(instance.id, position, signal);
      for await (const line of keepSecretsWhole({ lines, from: position, redactor, signal })) {
        from = line.position;
        const isPiece = goesOn;
        goesOn = line.goesOn === true;
        // What was passed over ends anywhere; only from the next line on is what is read whole.
        if (inTheMiddle || !allowance.take(line.text.length)) {
          inTheMiddle &&= goesOn;
          await leftOut.add(line);
          if (!leftOut.isFlood()) continue;
          const end = Math.max(from, await driver.logEnd(instance.id));
          await leftOut.skip(from, end);
          return end;
        }
        if (leftOut.any()) await sayWhatIsLeftOut();
        // The source keeps what the agent wrote; what must not be read there is starred out as soon as it was read here.
        const text = redactor(line.text);
        if (text !== line.text) {
          spotter.look(line.text, { kind: 'agent', ...source });
          const { start, readTo } = line;
          await driver.maskOutput(instance.id, { from: start, to: readTo }, (bytes) =>
            redactor.mask(bytes, from - start),
          );
        }
        add(toLine({ ...line, text }, levelOf(text, isPiece), instance.record.intervals));
        if (batch.isFull()) await batch.whenTaken();
      }
      return undefined;
    }

    const release = () => batch.release();
    signal.addEventListener('abort', release, { once: true });
    // Also where nothing comes after a flood.
    const saying = setInterval(() => {
      if (leftOut.any()) void sayWhatIsLeftOut().catch(() => undefined);
    }, leftOutSaidMs).unref();
    try {
      let skippedTo: number | undefined;
      let next: number | undefined = from;
      while (next !== undefined && !signal.aborted) {
        if (skippedTo !== undefined)
          await delay(leftOutSaidMs, undefined, { signal, ref: false }).catch(() => undefined);
        from = next;
        goesOn = false;
        next = await read(next, skippedTo !== undefined);
        skippedTo = next;
      }
      if (!signal.aborted) await leftOut.end();
      await sayWhatIsLeftOut();
      if (isOver) await sayHowItEnded();
    } finally {
      clearInterval(saying);
      signal.removeEventListener('abort', release);
    }
    await sending;
  }

  function acknowledged({ id, record }: Instance, position: number): void {
    positions.set(id, position);
    record.intervals = record.intervals.filter(({ to }) => to === undefined || to > position);
  }

  async function run(instance: Instance, redactor: Redactor, signal: AbortSignal): Promise<void> {
    // The instance is ordered but may not run yet; and a source that failed is read again from where it was acknowledged.
    while (!signal.aborted) {
      if (instance.life !== 'preparing') {
        try {
          const isOver = isGone(instance);
          await follow(instance, redactor, signal, isOver);
          if (isOver) return;
          if (isGone(instance)) continue;
        } catch (err) {
          if (!signal.aborted) log.warn({ err, instanceId: instance.id }, 'reading the output failed; trying again');
        }
      }
      await delay(timings.logBatchMs, undefined, { signal }).catch(() => undefined);
    }
  }

  return {
    /** Begins, unless it has begun. Needs the instance's redactor: nothing is read before its secrets are known. */
    begin(instance: Instance): void {
      const { redactor, id } = instance;
      if (!redactor || collectors.has(id)) return;
      const abort = new AbortController();
      const done = run(instance, redactor, abort.signal);
      collectors.set(id, { abort, done });
    },
    /** Resolves when an ended instance's last line is acknowledged, or after this long. */
    async drain(instanceId: string, withinMs: number): Promise<void> {
      const collector = collectors.get(instanceId);
      if (!collector) return;
      const enough = new AbortController();
      const late = delay(withinMs, undefined, { signal: enough.signal }).catch(() => undefined);
      await Promise.race([collector.done, late]);
      enough.abort();
    },
    /** The instance's output is gone. */
    forget(instanceId: string): void {
      collectors.get(instanceId)?.abort.abort();
      collectors.delete(instanceId);
      positions.forget(instanceId);
    },
    /** Lines since this worker began: stored, and left out because an instance wrote too many. */
    counts: () => ({ ...counts }),
    close(): void {
      for (const { abort } of collectors.values()) abort.abort();
    },
  };
}

/** The line behind the last one of an instance that ended by itself. */
const endText = ({ text, sessionId }: LastWords) =>
  `[pipecat-cloud] ${sessionId === undefined ? text : `Session ended: ${text}`}`;

/** Redacted before it is cut, so that no part of a secret is left at the end. */
function toLine(line: DriverLogLine, level: LogLevel, intervals: readonly LogInterval[]): WorkerLogLine {
  return {
    ...tagged(line.position, intervals),
    time: line.time.toISOString(),
    text: line.text.replace(/\r?\n$/, '').slice(0, longestLine),
    level,
    ...(line.stream === undefined ? {} : { stream: line.stream }),
  };
}

function tagged(position: number, intervals: readonly LogInterval[]): Pick<WorkerLogLine, 'position' | 'sessionId'> {
  const sessionId = sessionAt(intervals, position);
  return { position, ...(sessionId === undefined ? {} : { sessionId }) };
}
