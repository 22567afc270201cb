import { constants, type FileHandle, open, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder, writeWhole } from '../../../files.js';
import type { DriverLogLine } from '../../driver.js';
import { createLineCutter, lineLimitBytes } from '../../process/lines.js';
import { toLogLine } from '../../process/output.js';
import { createStreamReader } from './stream-mark.js';

/** Up to where the engine's log is in the spool: the time of its last message, and how many messages had that very time. */
export interface Taken {
  time: string;
  count: number;
}

export type Spool = Awaited<ReturnType<typeof openSpool>>;

interface Range {
  from: number;
  to: number;
}

const segments = 4;
const chunkBytes = 64 * 1024;

/**
 * An instance's output as the worker keeps it: bytes with positions that only grow, of which the last `limitBytes` or so are there.
 * What counts is what `state` says, written after the bytes: a killed worker leaves nothing that a reader has seen and the next
 * worker would read differently.
 */
export async function openSpool(folder: string, limitBytes: number) {
  await makeFolder(folder);
  const segmentBytes = Math.ceil(limitBytes / segments);
  const starts = (await readdir(folder)).map((name) => Number(/^output\.(\d+)$/.exec(name)?.[1] ?? Number.NaN));
  const files = starts.filter(Number.isFinite).sort((a, b) => a - b);
  const pathOf = (start: number) => join(folder, `output.${start}`);
  let { end, taken, newline } = await readState();
  let writing: { start: number; file: FileHandle } | undefined;
  let state: FileHandle | undefined;
  let grown = Promise.withResolvers<void>();
  let turn: Promise<unknown> = Promise.resolve();

  async function readState(): Promise<{ end: number; taken: Taken | undefined; newline: boolean }> {
    const text = await readFile(join(folder, 'state'), 'utf8').catch(() => '{}');
    try {
      const found = JSON.parse(text) as { end?: number; taken?: Taken; newline?: boolean };
      return { end: found.end ?? 0, taken: found.taken, newline: found.newline ?? true };
    } catch {
      // It was never written whole: nothing has been told of what lies there.
      return { end: 0, taken: undefined, newline: true };
    }
  }

  async function writeState(): Promise<void> {
    state ??= await open(join(folder, 'state'), constants.O_RDWR | constants.O_CREAT, 0o600);
    // Of one length always, so that it is replaced as a whole.
    await writeWhole(state, Buffer.from(JSON.stringify({ end, taken, newline }).padEnd(200)), 0);
  }

  /** The file that takes the next bytes. A new one begins with a line. */
  async function current() {
    if (!writing) {
      const start = files.findLast((one) => one <= end) ?? end;
      writing = { start, file: await open(pathOf(start), files.includes(start) ? 'r+' : 'w+', 0o600) };
      if (!files.includes(start)) files.push(start);
    }
    const size = end - writing.start;
    if (size < segmentBytes || !(newline || size > segmentBytes + 2 * lineLimitBytes)) return writing;
    await writing.file.close();
    writing = { start: end, file: await open(pathOf(end), 'w+', 0o600) };
    files.push(end);
    while (files.length > segments) await rm(pathOf(files.shift() as number), { force: true });
    return writing;
  }

  /** One change after the other. */
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = turn.then(work);
    turn = result.catch(() => undefined);
    return result;
  }

  /** Calls back for each file that has bytes of the range: with where its bytes lie in the output, and in it. */
  async function within({ from, to }: Range, work: (file: FileHandle, part: Range, at: number) => Promise<void>) {
    for (const [index, start] of files.entries()) {
      const part = { from: Math.max(from, start), to: Math.min(to, files[index + 1] ?? end) };
      if (part.from >= part.to) continue;
      const file = await open(pathOf(start), 'r+');
      try {
        await work(file, part, part.from - start);
      } finally {
        await file.close();
      }
    }
  }

  return {
    end: () => end,
    /** Whether the next byte begins a line. */
    endsLine: () => newline,
    taken: () => taken,
    append: (bytes: Uint8Array, upTo: Taken): Promise<void> =>
      inTurn(async () => {
        const { start, file } = await current();
        await writeWhole(file, bytes, end - start);
        end += bytes.length;
        taken = upTo;
        newline = bytes.at(-1) === 10;
        await writeState();
        grown.resolve();
        grown = Promise.withResolvers();
      }),
    /** Wakes readers without new bytes: the end has come. */
    wake(): void {
      grown.resolve();
      grown = Promise.withResolvers();
    },
    /** The lines after a position, or after the oldest that is left; then those to come, until the signal aborts or `ended` and all is read. */
    async *read(position: number, ended: () => boolean, signal: AbortSignal): AsyncGenerator<DriverLogLine> {
      let offset = position;
      let cutter = createLineCutter(offset);
      let streamed = createStreamReader();
      /** What lies before is gone: the writer is a whole spool ahead, or somebody took the file away. */
      function skipTo(position: number): void {
        offset = position;
        cutter = createLineCutter(offset);
        streamed = createStreamReader();
      }
      const buffer = Buffer.alloc(chunkBytes);
      const aborted = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
      while (!signal.aborted) {
        const more = grown.promise;
        const last = ended();
        while (offset < end) {
          const oldest = files[0] ?? end;
          if (offset < oldest) skipTo(oldest);
          const start = files.findLast((one) => one <= offset) ?? offset;
          const until = files.find((one) => one > offset) ?? end;
          const read = await readAt(pathOf(start), buffer, offset - start, Math.min(chunkBytes, until - offset));
          if (read === 0) skipTo(until);
          offset += read;
          for (const line of cutter.push(buffer.subarray(0, read))) {
            if (signal.aborted) return;
            yield streamed(toLogLine(line));
          }
        }
        if (last) break;
        await Promise.race([more, aborted]);
      }
      const rest = signal.aborted ? undefined : cutter.rest();
      if (rest) yield streamed(toLogLine(rest));
    },
    /** A long line may lie in several files, and what of it is gone is zeros. */
    mask: (range: Range, mask: (bytes: Buffer) => Buffer | undefined): Promise<void> =>
      inTurn(async () => {
        const bytes = Buffer.alloc(range.to - range.from);
        const partOf = ({ from, to }: Range, whole: Buffer) => whole.subarray(from - range.from, to - range.from);
        await within(range, async (file, part, at) => {
          const into = partOf(part, bytes);
          await file.read(into, 0, into.length, at);
        });
        const masked = mask(bytes);
        if (masked) await within(range, (file, part, at) => writeWhole(file, partOf(part, masked), at));
      }),
    close: (): Promise<void> =>
      inTurn(async () => {
        await Promise.all([writing?.file.close(), state?.close()]);
        writing = state = undefined;
      }),
  };
}

/** 0 when the file is gone: the writer has gone on without it. */
async function readAt(path: string, buffer: Buffer, from: number, length: number): Promise<number> {
  const file = await open(path, 'r').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (!file) return 0;
  try {
    return (await file.read(buffer, 0, length, from)).bytesRead;
  } finally {
    await file.close();
  }
}
