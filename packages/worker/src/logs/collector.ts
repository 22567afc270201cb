import { setTimeout as delay } from 'node:timers/promises';
import type { WorkerLogLine } from '@pipecat-cloud/contract/worker';
import type { Logger } from 'pino';
import type { Driver, DriverLogLine } from '../drivers/driver.js';
import type { Instance } from '../instances/instance.js';
import type { LogInterval } from '../instances/record.js';
import type { Outbox } from '../outbox.js';
import type { Timings } from '../timings.js';
import type { CredentialSpotter } from './credential-spotter.js';
import { sessionAt } from './intervals.js';
import type { LogPositions } from './log-positions.js';
import type { Redactor } from './redactor.js';

export interface CollectorDeps {
  driver: Driver;
  outbox: Outbox;
  positions: LogPositions;
  spotter: Pick<CredentialSpotter, 'look'>;
  timings: Timings;
  log: Logger;
}

export type Collectors = ReturnType<typeof createCollectors>;

const batchLines = 200;
/** Keeps a batch well below the frame limit; one line has at most `longestLine` characters. */
const batchCharacters = 1024 * 1024;
const longestLine = 64 * 1024;

interface Collector {
  abort: AbortController;
  done: Promise<void>;
}

/**
 * Follows the output of instances and reports it, tagged by session and free of secrets. It begins where the control plane has
 * acknowledged, so that lines may come twice but none is lost. One batch at a time is under way for an instance; meanwhile at
 * most one more is read.
 */
export function createCollectors({ driver, outbox, positions, spotter, timings, log }: CollectorDeps) {
  const collectors = new Map<string, Collector>();

  async function follow(instance: Instance, redactor: Redactor, signal: AbortSignal): Promise<void> {
    const batch = createBatch();
    let sending: Promise<void> | undefined;

    /** Sends what is there once the batch before is acknowledged. */
    function flush(): Promise<void> {
      sending ??= send().finally(() => {
        sending = undefined;
      });
      return sending;
    }

    async function send(): Promise<void> {
      await delay(timings.logBatchMs, undefined, { signal }).catch(() => undefined);
      while (batch.size() > 0 && !signal.aborted) {
        const lines = batch.take();
        const { organizationId, agentId, deploymentId } = instance.record.labels;
        await outbox.deliver({ type: 'logs', organizationId, agentId, deploymentId, instanceId: instance.id, lines });
        const last = lines.at(-1);
        if (last) acknowledged(instance, last.position);
      }
    }

    let from = positions.get(instance.id);
    for await (const line of driver.logs(instance.id, from, signal)) {
      // The source keeps what the agent wrote; what must not be read there is starred out as soon as it was read here.
      if (redactor(line.text) !== line.text) {
        const { organizationId, agentId, deploymentId } = instance.record.labels;
        spotter.look(line.text, { kind: 'agent', organizationId, agentId, deploymentId });
        await driver.maskOutput(instance.id, { from, to: line.position }, redactor.mask);
      }
      from = line.position;
      batch.add(toLine(line, redactor, instance.record.intervals));
      const sent = flush();
      if (batch.full()) await sent;
    }
    if (sending || batch.size() > 0) await flush();
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
          await follow(instance, redactor, signal);
          if (instance.life === 'exited' || instance.life === 'failed') return;
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
    close(): void {
      for (const { abort } of collectors.values()) abort.abort();
    },
  };
}

function createBatch() {
  const lines: WorkerLogLine[] = [];
  let characters = 0;
  return {
    size: () => lines.length,
    full: () => lines.length >= batchLines || characters >= batchCharacters,
    add(line: WorkerLogLine): void {
      lines.push(line);
      characters += line.text.length;
    },
    take(): WorkerLogLine[] {
      characters = 0;
      return lines.splice(0);
    },
  };
}

/** Redacted before it is cut, so that no part of a secret is left at the end. */
function toLine(line: DriverLogLine, redactor: Redactor, intervals: readonly LogInterval[]): WorkerLogLine {
  const sessionId = sessionAt(intervals, line.position);
  return {
    position: line.position,
    time: line.time.toISOString(),
    text: redactor(line.text.replace(/\r?\n$/, '')).slice(0, longestLine),
    ...(sessionId === undefined ? {} : { sessionId }),
  };
}
