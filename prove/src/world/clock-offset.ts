// Loaded before a process of the product (node --import): its wall clock then shows what a file says, in milliseconds, more than the
// machine's, as after somebody has set it. Timers and the monotonic clock are left alone, as they are on a real machine.
import { readFileSync } from 'node:fs';

const file = process.env.PROVE_CLOCK_FILE;
if (file) {
  const RealDate = Date;
  let offset = 0;
  let readAt = Number.NEGATIVE_INFINITY;

  const shift = (): number => {
    // Not at every look at the clock, of which there are thousands.
    if (performance.now() - readAt > 50) {
      readAt = performance.now();
      try {
        offset = Number(readFileSync(file, 'utf8')) || 0;
      } catch {
        offset = 0;
      }
    }
    return offset;
  };
  globalThis.Date = class extends RealDate {
    constructor(...parts: unknown[]) {
      if (parts.length === 0) super(RealDate.now() + shift());
      else super(...(parts as [number]));
    }
    static override now(): number {
      return RealDate.now() + shift();
    }
  } as DateConstructor;
}
