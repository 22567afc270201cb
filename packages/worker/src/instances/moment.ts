import { readFileSync } from 'node:fs';

/**
 * A moment that can be measured from after a restart of the worker. Within one boot of the machine a clock that nobody sets is
 * asked, so that a wall clock that jumps ends nothing too early and nothing too late.
 */
export interface Moment {
  /** ISO 8601, for people, and where the machine was booted since. */
  at: string;
  boot?: string;
  /** Milliseconds of the machine's monotonic clock. */
  upMs?: number;
}

/** Identifies the boot of the machine; unknown where there is no /proc, and then the wall clock must do. */
const boot = readBootId();

function readBootId(): string | undefined {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return undefined;
  }
}

/** On Linux this counts from the boot, the same in every process. */
const upMs = () => Number(process.hrtime.bigint() / 1_000_000n);

export function momentNow(): Moment {
  return { at: new Date().toISOString(), ...(boot === undefined ? {} : { boot, upMs: upMs() }) };
}

/** Milliseconds that have passed. */
export function msSince({ at, boot: since, upMs: then }: Moment): number {
  if (since !== undefined && since === boot && then !== undefined) return upMs() - then;
  return Date.now() - Date.parse(at);
}
