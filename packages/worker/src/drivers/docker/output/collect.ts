import type { Engine } from '../../../engine/engine.js';
import { isStatus } from '../../../engine/engine-error.js';
import { logFrames } from '../../../engine/streams.js';
import type { Spool, Taken } from './spool.js';
import { marked } from './stream-mark.js';

/** The engine writes the time of each message before it, in nanoseconds: 2026-01-31T12:00:00.123456789Z. */
const stampPattern = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d) /;
const stampLimit = 40;
const newline = 10;
/** So much is held in memory while the disk is slow; then the engine has to wait. */
const pendingLimitBytes = 1024 * 1024;

/**
 * Copies what the engine has of a container's output and the spool has not, then what comes, until the container has ended or the
 * signal aborts. Resolves then; throws when the engine fails, and can be called again.
 */
export async function collect(engine: Engine, containerId: string, spool: Spool, signal: AbortSignal): Promise<void> {
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
    if (!isStatus(error, 404)) throw error;
  } finally {
    body.destroy();
    await flush();
  }
  if (failure) throw failure;
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

function takeApart(message: Buffer): { time: string; text: Buffer } {
  const stamp = stampPattern.exec(message.toString('latin1', 0, stampLimit))?.[0];
  if (stamp === undefined) throw new Error('the engine sent a message without its time');
  return { time: stamp.slice(0, -1), text: message.subarray(stamp.length) };
}

const follow = (taken: Taken | undefined, time: string): Taken =>
  taken?.time === time ? { time, count: taken.count + 1 } : { time, count: 1 };

/** Seconds with nanoseconds, as the engine reads them. */
function unixTime(stamp: string): string {
  const fraction = /\.(\d+)/.exec(stamp)?.[1] ?? '0';
  return `${Math.floor(Date.parse(stamp) / 1000)}.${fraction.padEnd(9, '0')}`;
}

/** Whether the one time is before the other; as texts they can't be compared, for engines write them with different lengths. */
export function isBefore(stamp: string, other: string): boolean {
  const [seconds, fraction] = unixTime(stamp).split('.');
  const [otherSeconds, otherFraction] = unixTime(other).split('.');
  return (
    Number(seconds) - Number(otherSeconds) < 0 || (seconds === otherSeconds && (fraction ?? '') < (otherFraction ?? ''))
  );
}
