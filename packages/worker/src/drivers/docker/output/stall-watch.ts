import { isBefore } from './stamps.js';

export interface StallWatchOptions {
  quietMs: number;
  /** The time of the last message that the engine has. */
  newest: () => Promise<string | undefined>;
  /** That of the last message it sent. */
  taken: () => string | undefined;
  onStall: () => void;
}

/**
 * Asks the engine, each time it has sent nothing for `quietMs`, whether it has more than it sent. Docker before 23 stops following a log
 * that is rotated twice while it reads: the answer stays open, and nothing comes until the log is rotated once more.
 */
export function watchForStall({ quietMs, newest, taken, onStall }: StallWatchOptions) {
  let heard = 0;
  let closed = false;
  // Once for each quiet time: an instance at rest costs nothing.
  const timer = setTimeout(look, quietMs);

  async function look(): Promise<void> {
    const before = heard;
    const isSilent = () => !closed && heard === before;
    try {
      const last = await newest();
      const sent = taken();
      if (isSilent() && last !== undefined && (sent === undefined || isBefore(sent, last))) onStall();
    } catch {
      // It said nothing at all, so it is asked again.
      if (isSilent()) timer.refresh();
    }
  }

  return {
    heard(): void {
      heard++;
      timer.refresh();
    },
    close(): void {
      closed = true;
      clearTimeout(timer);
    },
  };
}
