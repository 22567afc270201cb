import { type FileHandle, open } from 'node:fs/promises';

const blockBytes = 64 * 1024;
const newline = 0x0a;

export interface SegmentLine {
  text: string;
  /** Where the next line begins. */
  end: number;
}

/**
 * Lines of a file between two byte positions, first line first, a block at a time; an unfinished last line is left out. A file
 * that is gone has none: pruning may remove one that is being read.
 */
export async function* linesForwards(path: string, from: number, to: number): AsyncGenerator<SegmentLine[]> {
  const file = await openIfThere(path);
  if (!file) return;
  try {
    let rest: Buffer = Buffer.alloc(0);
    for (let at = from; at < to; ) {
      const block = await readAt(file, at, Math.min(blockBytes, to - at));
      if (block.length === 0) return;
      const joined = rest.length === 0 ? block : Buffer.concat([rest, block]);
      const begin = at - rest.length;
      at += block.length;
      const lines: SegmentLine[] = [];
      let start = 0;
      for (let cut = joined.indexOf(newline); cut !== -1; cut = joined.indexOf(newline, start)) {
        lines.push({ text: joined.toString('utf8', start, cut), end: begin + cut + 1 });
        start = cut + 1;
      }
      rest = joined.subarray(start);
      if (lines.length > 0) yield lines;
    }
  } finally {
    await file.close();
  }
}

/** Lines of a file's first `to` bytes, last line first, a block at a time. `to` must be the end of a line. */
export async function* linesBackwards(path: string, to: number): AsyncGenerator<string[]> {
  const file = await openIfThere(path);
  if (!file) return;
  try {
    // Pieces of a line whose start lies before the block, in file order.
    let pieces: Buffer[] = [];
    for (let at = to; at > 0; ) {
      const start = Math.max(0, at - blockBytes);
      const block = await readAt(file, start, at - start);
      if (block.length < at - start) return;
      at = start;
      const lines: string[] = [];
      let stop = block.length;
      for (
        let cut = block.lastIndexOf(newline);
        cut !== -1;
        cut = cut === 0 ? -1 : block.lastIndexOf(newline, cut - 1)
      ) {
        pieces.unshift(block.subarray(cut + 1, stop));
        pushLine(lines, pieces);
        pieces = [];
        stop = cut;
      }
      pieces.unshift(block.subarray(0, stop));
      if (at === 0) pushLine(lines, pieces);
      if (lines.length > 0) yield lines;
    }
  } finally {
    await file.close();
  }
}

/** Cuts off what stands after the last newline, which a crash in the middle of a write left. Returns the length that remains. */
export async function repairEnd(path: string): Promise<{ bytes: number; cutBytes: number }> {
  const file = await open(path, 'r+');
  try {
    const { size } = await file.stat();
    let end = size;
    while (end > 0) {
      const start = Math.max(0, end - blockBytes);
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

/** Adds to a file's end in one go. When that fails, the file is as long as before. */
export async function appendWhole(path: string, content: string, lengthBefore: number): Promise<number> {
  const bytes = Buffer.from(content);
  const file = await open(path, 'a', 0o600);
  try {
    await file.appendFile(bytes);
    return lengthBefore + bytes.length;
  } catch (error) {
    await file.truncate(lengthBefore).catch(() => {});
    throw error;
  } finally {
    await file.close();
  }
}

function pushLine(lines: string[], pieces: Buffer[]): void {
  const text = (pieces.length === 1 ? pieces[0] : Buffer.concat(pieces))?.toString('utf8');
  if (text) lines.push(text);
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
