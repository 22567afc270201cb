/** How much an instance may write. 0 bytes a second: as much as it likes. */
export interface LogRate {
  bytesPerSecond: number;
  /** What it may write at once after a quiet time. */
  burstBytes: number;
}

/** An empty line costs something too. */
const lineOverheadBytes = 64;
/** Once it is used up nothing is taken for so long: a gap in one piece, not one after every line. */
const pauseMs = 1000;

export type Allowance = ReturnType<typeof createAllowance>;

/** A bucket that fills by the second, in bytes of log lines. */
export function createAllowance({ bytesPerSecond, burstBytes }: LogRate, now: () => number = () => performance.now()) {
  let left = burstBytes;
  let filledAt = now();
  let closedUntil = 0;
  return {
    /** False where the line is to be left out. */
    take(textLength: number): boolean {
      if (bytesPerSecond === 0) return true;
      const at = now();
      if (at < closedUntil) return false;
      left = Math.min(burstBytes, left + ((at - filledAt) / 1000) * bytesPerSecond);
      filledAt = at;
      left -= textLength + lineOverheadBytes;
      if (left >= 0) return true;
      left = 0;
      closedUntil = at + pauseMs;
      return false;
    },
  };
}
