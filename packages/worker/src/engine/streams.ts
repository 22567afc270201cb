import type { Readable } from 'node:stream';

export interface LogFrame {
  stream: 'stdout' | 'stderr';
  bytes: Buffer;
}

const headerBytes = 8;
/** The engine cuts messages at 16 KiB; anything far above that is no log stream. */
const frameLimitBytes = 16 * 1024 * 1024;

/**
 * Takes the engine's log stream of a container without a terminal apart: each frame is one byte for the stream, three of zero, and the length as
 * 32 bits, most significant first. Throws on what is no such stream.
 */
export async function* logFrames(body: Readable | AsyncIterable<Buffer>): AsyncGenerator<LogFrame> {
  let pending: Buffer = Buffer.alloc(0);
  for await (const chunk of body as AsyncIterable<Buffer>) {
    pending = pending.length > 0 ? Buffer.concat([pending, chunk]) : chunk;
    let offset = 0;
    while (pending.length - offset >= headerBytes) {
      const kind = pending[offset] ?? 255;
      const length = pending.readUInt32BE(offset + 4);
      if (kind > 2 || length > frameLimitBytes) throw new Error('the engine sent something that is no log stream');
      if (pending.length - offset < headerBytes + length) break;
      const start = offset + headerBytes;
      yield { stream: kind === 2 ? 'stderr' : 'stdout', bytes: pending.subarray(start, start + length) };
      offset = start + length;
    }
    pending = pending.subarray(offset);
  }
}

const lineLimitBytes = 4 * 1024 * 1024;

/** The objects of a stream of JSON texts, one a line: events, progress of a pull or a build. Throws on an overlong line. */
export async function* jsonLines<T>(body: Readable | AsyncIterable<Buffer>): AsyncGenerator<T> {
  let pending = '';
  const decoder = new TextDecoder();
  for await (const chunk of body as AsyncIterable<Buffer>) {
    pending += decoder.decode(chunk, { stream: true });
    const lines = pending.split('\n');
    pending = lines.pop() ?? '';
    if (pending.length > lineLimitBytes) throw new Error('the engine sent an overlong line');
    for (const line of lines) if (line.trim() !== '') yield JSON.parse(line) as T;
  }
  if (pending.trim() !== '') yield JSON.parse(pending) as T;
}
