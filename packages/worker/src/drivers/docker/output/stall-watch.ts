import { isBefore } from './stamps.js';

export interface StallWatchOptions {
  quietMs: number;
  /** The time of the last message that the engine has. */
  newest: () => Promise<string | undefined>;
  /** That of the last message it sent. */
  taken: () => string | undefined;
  onStall: () => void;
}

const longestMs = 60_000;

/**
 * Asks the engine, when it has sent nothing for `quietMs`, whether it has more than it sent. Docker before 23 stops following a log
 * that is rotated twice while it reads: the answer stays open, and nothing comes until the log is rotated once more.
 */
export function watchForStall({ quietMs, newest, taken, onStall }: StallWatchOptions) {
  let heard = 0;
  let closed = false;
  let waitMs = quietMs;
  let timer = setTimeout(look, waitMs);

  async function look(): Promise<void> {
    const before = heard;
    const last = await newest().catch(() => undefined);
    if (closed || heard !== before) return;
    const sent = taken();
    if (last !== undefined && (sent === undefined || isBefore(sent, last))) return onStall();
    // An instance at rest is asked about more and more seldom.
    waitMs = Math.min(2 * waitMs, longestMs);
    timer = setTimeout(look, waitMs);
  }

  return {
    heard(): void {
      heard++;
      if (waitMs === quietMs) return void timer.refresh();
      clearTimeout(timer);
      waitMs = quietMs;
      timer = setTimeout(look, waitMs);
    },
    close(): void {
      closed = true;
      clearTimeout(timer);
    },
  };
}
