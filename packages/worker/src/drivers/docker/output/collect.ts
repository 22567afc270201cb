import type { Engine } from '../../../engine/engine.js';
import { isStatus } from '../../../engine/engine-error.js';
import { logFrames } from '../../../engine/streams.js';
import type { Spool, Taken } from './spool.js';
import { watchForStall } from './stall-watch.js';
import { takeApart, unixTime } from './stamps.js';
import { marked } from './stream-mark.js';

const newline = 10;
/** So much is held in memory while the disk is slow; then the engine has to wait. */
const pendingLimitBytes = 1024 * 1024;

export interface CollectOptions {
  /** An engine that sends nothing for so long is asked whether it has more. */
  quietMs: number;
  signal: AbortSignal;
}

/**
 * Copies what the engine has of a container's output and the spool has not, then what comes, until the container has ended, the
 * signal aborts, or the engine has more and does not send it. Throws when the engine fails. Can be called again in any case.
 */
export async function collect(
  engine: Engine,
  containerId: string,
  spool: Spool,
  { quietMs, signal }: CollectOptions,
): Promise<'ended' | 'stalled'> {
  const from = spool.taken();
  const body = await engine.stream('GET', `/containers/${containerId}/logs`, {
    query: { follow: true, stdout: true, stderr: true, timestamps: true, since: from && unixTime(from.time) },
    signal,
  });
  let taken = from;
  let beginsLine = spool.endsLine();
  let skip = from?.count ?? 0;
  let pending: Buffer[] = [];
  let pendingBytes = 0;
  let writing: Promise<void> | undefined;
  let failure: unknown;
  let stalled = false;
  const watch = watchForStall({
    quietMs,
    newest: () => lastStamp(engine, containerId, quietMs),
    taken: () => taken?.time,
    onStall(): void {
      stalled = true;
      body.destroy();
    },
  });

  async function write(): Promise<void> {
    while (pendingBytes > 0 && taken) {
      const bytes = Buffer.concat(pending);
      pending = [];
      pendingBytes = 0;
      await spool.append(bytes, taken);
    }
  }
  const flush = (): Promise<void> => {
    writing ??= write()
      .catch((error) => {
        failure = error;
      })
      .finally(() => {
        writing = undefined;
      });
    return writing;
  };

  try {
    for await (const { stream, bytes } of logFrames(body)) {
      watch.heard();
      const { time, text } = takeApart(bytes);
      if (skip > 0 && time === from?.time) {
        skip--;
        continue;
      }
      skip = 0;
      taken = follow(taken, time);
      const kept = marked(stream, Buffer.from(text), beginsLine);
      beginsLine = text.length > 0 ? text.at(-1) === newline : beginsLine;
      pending.push(kept);
      pendingBytes += kept.length;
      const flushed = flush();
      if (pendingBytes > pendingLimitBytes) await flushed;
      if (failure) throw failure;
    }
  } catch (error) {
    signal.throwIfAborted();
    if (!stalled && !isStatus(error, 404)) throw error;
  } finally {
    watch.close();
    body.destroy();
    await flush();
  }
  if (failure) throw failure;
  return stalled ? 'stalled' : 'ended';
}

/** The time of the last message that the engine has; undefined where there is none or the engine does not answer soon. */
export async function lastStamp(engine: Engine, containerId: string, deadlineMs: number): Promise<string | undefined> {
  const signal = AbortSignal.timeout(deadlineMs);
  const body = await engine.stream('GET', `/containers/${containerId}/logs`, {
    query: { stdout: true, stderr: true, timestamps: true, tail: 1 },
    signal,
  });
  let last: string | undefined;
  for await (const { bytes } of logFrames(body)) last = takeApart(bytes).time;
  return last;
}

const follow = (taken: Taken | undefined, time: string): Taken =>
  taken?.time === time ? { time, count: taken.count + 1 } : { time, count: 1 };
