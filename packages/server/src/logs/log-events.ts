import type { FollowedLines } from './log-store.js';
import { presentLine } from './log-wire.js';

export interface FollowTimings {
  /** How often a stream that sends nothing is looked after. */
  tickMs: number;
  /** A silent stream says that it lives, and its caller is asked again for the right to follow. */
  heartbeatMs: number;
  /** From a session's end until its last lines have surely come. */
  lingerMs: number;
  /** A reader that takes nothing for so long is let go; it comes back where it was. */
  stallMs: number;
}
const usual: FollowTimings = { tickMs: 500, heartbeatMs: 10_000, lingerMs: 2000, stallMs: 60_000 };

interface LogEventDeps {
  lines: AsyncIterable<FollowedLines>;
  signal: AbortSignal;
  /** Rejects once the caller may follow no longer: nothing is sent after that. */
  recheck: () => Promise<void>;
  /** Of the session that is followed, where it is one. */
  hasEnded: (() => Promise<boolean | undefined>) | undefined;
  timings: FollowTimings | undefined;
  /** Ends `lines`. */
  stop: () => void;
  /** Cuts the connection: its reader takes nothing. */
  onStall: () => void;
}

/**
 * A followed log as server-sent events: each line with its cursor as `id`; `gap` where lines before were given up; `end` after the
 * last line of a session. A step without lines carries the cursor alone, so that whoever comes back need not be read to again.
 */
export async function* logEvents(deps: LogEventDeps): AsyncGenerator<string> {
  const { signal, recheck, hasEnded, stop, onStall } = deps;
  const { tickMs, heartbeatMs, lingerMs, stallMs } = deps.timings ?? usual;
  const steps = deps.lines[Symbol.asyncIterator]();
  let heard = performance.now();
  let spoke = performance.now();
  let caughtUp = 0;
  let waiting = false;
  let lookedAfter = performance.now();
  let endedAt: number | undefined;
  let cursor = '';
  let told = '';

  async function* say(text: string): AsyncGenerator<string> {
    const stalled = setTimeout(onStall, stallMs);
    spoke = performance.now();
    told = cursor;
    yield text;
    clearTimeout(stalled);
  }

  try {
    // So that headers leave at once, and a proxy in between sees that something comes.
    yield* say(': following\n\n');
    let next = steps.next();
    while (!signal.aborted) {
      const step = await firstOf(next, tickMs);
      const now = performance.now();
      if (step?.done) return;
      if (step) {
        next = steps.next();
        next.catch(() => undefined); // Reported when it is awaited.
        cursor = step.value.cursor;
        waiting = step.value.caughtUp !== undefined;
        caughtUp = step.value.caughtUp ?? caughtUp;
        if (step.value.lines.length > 0 || step.value.gap) {
          heard = now;
          await recheck();
          yield* say(textOf(step.value));
          continue;
        }
      } else if (waiting) {
        caughtUp = now;
      }
      // A step for each line of others, as on a busy agent, is no reason to ask more often.
      if (now - lookedAfter < tickMs) continue;
      lookedAfter = now;
      if (hasEnded && (await hasEnded()) !== false) endedAt ??= performance.now();
      if (endedAt !== undefined && caughtUp - Math.max(heard, endedAt) >= lingerMs) {
        yield* say('event: end\ndata: {}\n\n');
        return;
      }
      if (now - spoke < heartbeatMs) continue;
      await recheck();
      // A block without data moves the reader's place and shows it nothing.
      yield* say(cursor === told || cursor === '' ? ': \n\n' : `id: ${cursor}\n\n`);
    }
  } catch (error) {
    // The caller finds out why when it asks again; half of an answer can carry no status.
    if (!signal.aborted && !isRefusal(error)) throw error;
  } finally {
    stop();
    await steps.return?.(undefined);
  }
}

function textOf({ lines, gap }: FollowedLines): string {
  const shown = lines.map((line) => `id: ${line.cursor}\ndata: ${JSON.stringify(presentLine(line))}\n\n`);
  return `${gap ? 'event: gap\ndata: {}\n\n' : ''}${shown.join('')}`;
}

function isRefusal(error: unknown): boolean {
  const status = (error as { status?: unknown }).status;
  return typeof status === 'number' && status < 500;
}

/** Undefined when nothing came in time. */
async function firstOf<T>(promise: Promise<T>, ms: number): Promise<T | undefined> {
  const late = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => late.resolve(undefined), ms);
  try {
    return await Promise.race([promise, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
