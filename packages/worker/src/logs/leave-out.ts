import type { Driver } from '../drivers/driver.js';
import type { Redactor } from './redactor.js';
import type { WholeLine } from './whole-secrets.js';

/** Lines that were read and left out before the rest is passed over unread. */
const readBytes = 1024 * 1024;
const maskBytes = 256 * 1024;
const newline = 10;

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
  /** Where what was left out last ends. */
  let end = 0;
  /** Each secret that begins before it is starred out. */
  let masked = 0;
  /** Each secret that begins before it is over by `readTo`. */
  let settled = 0;
  let readTo = 0;

  async function mask(): Promise<void> {
    while (masked < settled) {
      const from = masked;
      const until = Math.min(settled, from + maskBytes);
      const range = { from, to: Math.min(readTo, until + redactor.reach) };
      await driver.maskOutput(instanceId, range, (bytes) => redactor.mask(bytes, until - from));
      masked = Math.max(masked, until);
    }
  }

  /** The last of what was passed over may be half a line, which is masked with its other half. */
  async function maskWholeLines(): Promise<void> {
    const from = masked;
    await driver.maskOutput(instanceId, { from, to: readTo }, (bytes) => {
      const whole = bytes.lastIndexOf(newline) + 1;
      settled = Math.max(settled, from + whole);
      return redactor.mask(bytes, whole);
    });
    masked = Math.max(masked, settled);
  }

  function foundFrom(from: number): LeftOut {
    if (!found && from !== end) masked = settled = from;
    found ??= { lines: 0, from, to: from, skipped: false };
    return found;
  }

  return {
    /** One line. */
    async add(line: Pick<WholeLine, 'start' | 'position' | 'readTo'>): Promise<void> {
      const stretch = foundFrom(line.start);
      stretch.lines++;
      stretch.to = end = settled = line.position;
      readTo = line.readTo;
      if (settled - masked >= maskBytes) await mask();
    },
    /** Everything between, unread. What was read before it may have been taken meanwhile. */
    async skip(from: number, to: number): Promise<void> {
      const stretch = foundFrom(from);
      stretch.to = end = readTo = to;
      stretch.skipped = true;
      settled = Math.max(settled, to - redactor.reach);
      await mask();
      await maskWholeLines();
    },
    /** Nothing comes any more. */
    async end(): Promise<void> {
      settled = readTo;
      await mask();
    },
    any: () => found !== undefined,
    /** So much is left out that reading it for its lines alone costs more than it tells. */
    isFlood: () => found !== undefined && found.to - found.from >= readBytes,
    async take(): Promise<LeftOut | undefined> {
      const taken = found;
      // More may be left out meanwhile, and somebody else may have taken it.
      while (taken && found === taken && masked < settled) await mask();
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
