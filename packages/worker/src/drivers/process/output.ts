import { open, stat } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { writeWhole } from '../../files.js';
import type { DriverLogLine } from '../driver.js';
import { type CutLine, createLineCutter } from './lines.js';

const pollMs = 100;
/** While something comes: what is read at once is then little, and whatever else these processes do waits for no burst of it. */
const busyPollMs = 20;
/** Small, so that what shares this process never waits long for one. */
const chunkBytes = 16 * 1024;

export interface OutputRequest {
  path: string;
  position: number;
  /** True once nobody writes to the file any more. */
  ended: () => boolean;
  signal: AbortSignal;
}

/**
 * The lines of a growing file after a byte position, then those to come. Ends when the signal aborts, or when the writer has
 * ended and all is read, a last line without newline included. A missing file has no lines.
 */
export async function* readOutput({ path, position, ended, signal }: OutputRequest): AsyncGenerator<DriverLogLine> {
  const file = await openIfThere(path);
  if (!file) return;
  try {
    const cutter = createLineCutter(position);
    const buffer = Buffer.alloc(chunkBytes);
    let offset = position;
    for (;;) {
      // Asked before reading: what was written until the end is then read in this round.
      const last = ended();
      const before = offset;
      for (;;) {
        if (signal.aborted) return;
        const { bytesRead } = await file.read(buffer, 0, chunkBytes, offset);
        if (bytesRead === 0) break;
        offset += bytesRead;
        for (const line of cutter.push(buffer.subarray(0, bytesRead))) {
          yield toLogLine(line);
        }
      }
      if (last) break;
      await delay(offset > before ? busyPollMs : pollMs, undefined, { signal }).catch(() => undefined);
    }
    const rest = cutter.rest();
    if (rest) yield toLogLine(rest);
  } finally {
    await file.close();
  }
}

/** A line that was read just now. */
export const toLogLine = ({ end, text, goesOn }: CutLine): DriverLogLine => ({
  position: end,
  time: new Date(),
  text,
  ...(goesOn ? { goesOn } : {}),
});

/** Replaces bytes in place; the file may grow meanwhile. */
export async function maskOutput(
  path: string,
  { from, to }: { from: number; to: number },
  mask: (bytes: Buffer) => Buffer | undefined,
): Promise<void> {
  const file = await open(path, 'r+');
  try {
    const bytes = Buffer.alloc(to - from);
    const { bytesRead } = await file.read(bytes, 0, bytes.length, from);
    const masked = mask(bytes.subarray(0, bytesRead));
    if (masked) await writeWhole(file, masked, from);
  } finally {
    await file.close();
  }
}

/** Size of the output in bytes; 0 when there is none. */
export async function outputEnd(path: string): Promise<number> {
  const found = await stat(path).catch(() => undefined);
  return found?.size ?? 0;
}

async function openIfThere(path: string) {
  try {
    return await open(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
