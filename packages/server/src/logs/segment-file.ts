import { type FileHandle, open, readdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { RawLine } from './log-codec.js';

/** A search reads larger ones as it goes on; none is so large that others wait for it. */
const firstBlockBytes = 64 * 1024;
const largestBlockBytes = 256 * 1024;
const newline = 0x0a;

/** Whole lines of a file, the last one's newline included. */
export interface LineChunk {
  bytes: Buffer;
  /** Where it begins in the file. */
  begin: number;
}

/** Of the segments in a folder, ascending; none when there is no folder. */
export async function segmentNumbers(folder: string): Promise<number[]> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  return names
    .filter((name) => /^\d{8,}\.jsonl$/.test(name))
    .map((name) => Number.parseInt(name, 10))
    .sort((a, b) => a - b);
}

/**
 * The lines of a file between two byte positions, first line first, a chunk at a time; an unfinished last line is left out. A file
 * that is gone has none: pruning may remove one that is being read.
 */
export async function* chunksForwards(path: string, from: number, to: number): AsyncGenerator<LineChunk> {
  const file = await openIfThere(path);
  if (!file) return;
  try {
    let rest: Buffer = Buffer.alloc(0);
    let size = firstBlockBytes;
    for (let at = from; at < to; size = Math.min(size * 2, largestBlockBytes)) {
      const block = await readAt(file, at, Math.min(size, to - at));
      if (block.length === 0) return;
      const joined = rest.length === 0 ? block : Buffer.concat([rest, block]);
      const begin = at - rest.length;
      at += block.length;
      const cut = joined.lastIndexOf(newline) + 1;
      rest = joined.subarray(cut);
      if (cut > 0) yield { bytes: joined.subarray(0, cut), begin };
    }
  } finally {
    await file.close();
  }
}

/** The same from its end, the last chunk first. `to` must be the end of a line; a line that begins before `from` is left out. */
export async function* chunksBackwards(path: string, to: number, from = 0): AsyncGenerator<LineChunk> {
  const file = await openIfThere(path);
  if (!file) return;
  try {
    // The end of a line whose start lies before the block.
    let rest: Buffer = Buffer.alloc(0);
    let size = firstBlockBytes;
    for (let at = to; at > from; size = Math.min(size * 2, largestBlockBytes)) {
      const start = Math.max(from, at - size);
      const block = await readAt(file, start, at - start);
      if (block.length < at - start) return;
      at = start;
      const joined = rest.length === 0 ? block : Buffer.concat([block, rest]);
      const cut = at === from ? 0 : joined.indexOf(newline) + 1;
      if (cut < joined.length && (cut > 0 || at === from)) {
        yield { bytes: joined.subarray(cut), begin: at + cut };
        rest = joined.subarray(0, cut);
      } else {
        rest = joined;
      }
    }
  } finally {
    await file.close();
  }
}

/** The lines of a chunk, in its order, without their newlines. */
export function linesOf({ bytes, begin }: LineChunk, segment: number): RawLine[] {
  const lines: RawLine[] = [];
  let start = 0;
  for (let cut = bytes.indexOf(newline); cut !== -1; cut = bytes.indexOf(newline, start)) {
    if (cut > start) lines.push({ text: bytes.toString('utf8', start, cut), segment, end: begin + cut + 1 });
    start = cut + 1;
  }
  return lines;
}

/** Cuts off what stands after the last newline, which a crash in the middle of a write left. Returns the length that remains. */
export async function repairEnd(path: string): Promise<{ bytes: number; cutBytes: number }> {
  const file = await open(path, 'r+');
  try {
    const { size } = await file.stat();
    let end = size;
    while (end > 0) {
      const start = Math.max(0, end - firstBlockBytes);
      const cut = (await readAt(file, start, end - start)).lastIndexOf(newline);
      if (cut !== -1) {
        end = start + cut + 1;
        break;
      }
      end = start;
    }
    if (end < size) await file.truncate(end);
    return { bytes: end, cutBytes: size - end };
  } finally {
    await file.close();
  }
}

/** A file is not as long as it was left. */
export class WrittenElsewhere extends Error {
  constructor(path: string) {
    super(`Another process has written ${path}`);
    this.name = 'WrittenElsewhere';
  }
}

/**
 * Adds to a file's end in one go, on the disk when this resolves. When that fails, the file is as long as before. Throws
 * `WrittenElsewhere`, and changes nothing, where it has another length than that.
 */
export async function appendWhole(path: string, content: string, lengthBefore: number): Promise<number> {
  const bytes = Buffer.from(content);
  const file = await open(path, 'a', 0o600);
  try {
    if ((await file.stat()).size !== lengthBefore) throw new WrittenElsewhere(path);
    await file.appendFile(bytes);
    // Whoever sent the lines forgets them once they are acknowledged.
    await file.datasync();
    // A file that a power failure takes from its folder takes its lines along.
    if (lengthBefore === 0) await syncFolder(dirname(path));
    return lengthBefore + bytes.length;
  } catch (error) {
    // What another has written is not ours to cut off.
    if (!(error instanceof WrittenElsewhere)) await file.truncate(lengthBefore).catch(() => {});
    throw error;
  } finally {
    await file.close();
  }
}

/** Makes a new file in it outlast a power failure. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

async function readAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(length);
  let done = 0;
  while (done < length) {
    const { bytesRead } = await file.read(buffer, done, length - done, position + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return buffer.subarray(0, done);
}

async function openIfThere(path: string): Promise<FileHandle | undefined> {
  return await open(path, 'r').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
}
