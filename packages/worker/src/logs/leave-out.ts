import type { Driver } from '../drivers/driver.js';
import type { Redactor } from './redactor.js';

/** Lines that were read and left out before the rest is passed over unread. */
const readBytes = 1024 * 1024;
const maskBytes = 256 * 1024;

/** What was left out of an instance's log, until that is said. */
export interface LeftOut {
  lines: number;
  from: number;
  to: number;
  /** Part of it was not read, so that its lines are not counted. */
  skipped: boolean;
}

/**
 * Keeps count of what is left out of one instance's log while it writes more than it may. Secrets are starred out of its output all the
 * same.
 */
export function createLeftOut(driver: Pick<Driver, 'maskOutput'>, instanceId: string, redactor: Redactor) {
  let found: LeftOut | undefined;
  let masked = 0;

  async function mask(to: number): Promise<void> {
    for (let from = masked; from < to; from = Math.min(to, from + maskBytes)) {
      await driver.maskOutput(instanceId, { from, to: Math.min(to, from + maskBytes) }, redactor.mask);
    }
    masked = Math.max(masked, to);
  }

  function foundFrom(from: number): LeftOut {
    if (!found) masked = from;
    found ??= { lines: 0, from, to: from, skipped: false };
    return found;
  }

  return {
    /** One line. */
    async add(from: number, to: number): Promise<void> {
      const stretch = foundFrom(from);
      stretch.lines++;
      stretch.to = to;
      // At the ends of lines, so that no secret lies across.
      if (to - masked >= maskBytes) await mask(to);
    },
    /** Everything between, unread. What was read before it may have been taken meanwhile. */
    async skip(from: number, to: number): Promise<void> {
      const stretch = foundFrom(from);
      stretch.to = to;
      stretch.skipped = true;
      await mask(to);
    },
    any: () => found !== undefined,
    /** So much is left out that reading it for its lines alone costs more than it tells. */
    isFlood: () => found !== undefined && found.to - found.from >= readBytes,
    async take(): Promise<LeftOut | undefined> {
      const taken = found;
      // More may be left out meanwhile, and somebody else may have taken it.
      while (taken && found === taken && masked < taken.to) await mask(taken.to);
      if (!taken || found !== taken) return undefined;
      found = undefined;
      return taken;
    },
  };
}

/** The line that stands where lines were left out. */
export function leftOutText({ lines, from, to, skipped }: LeftOut, bytesPerSecond: number): string {
  return `[pipecat-cloud] ${linesWere(lines, skipped)} left out here (${size(to - from)}): this instance writes more than ${size(bytesPerSecond)} of log a second`;
}

function linesWere(lines: number, skipped: boolean): string {
  if (!skipped) return lines === 1 ? '1 line was' : `${lines} lines were`;
  return lines === 0 ? 'lines were' : `more than ${lines} lines were`;
}

function size(bytes: number): string {
  if (bytes < 1024) return `${bytes} bytes`;
  return bytes < 1024 * 1024 ? `${Math.round(bytes / 1024)} KiB` : `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
}
