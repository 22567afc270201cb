import { describe, expect, test } from 'vitest';
import { jsonLines, logFrames } from './streams.js';

async function* chunks(bytes: Buffer, size: number) {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

function frame(kind: number, text: string): Buffer {
  const header = Buffer.alloc(8);
  header[0] = kind;
  header.writeUInt32BE(Buffer.byteLength(text), 4);
  return Buffer.concat([header, Buffer.from(text)]);
}

describe('log frames', () => {
  const bytes = Buffer.concat([frame(1, 'out\n'), frame(2, 'wörse\n'), frame(1, '')]);
  test.each([1, 7, 8, 9, 1000])('are found in chunks of %i bytes', async (size) => {
    const frames = await all(logFrames(chunks(bytes, size)));
    expect(frames.map(({ stream, bytes }) => [stream, bytes.toString()])).toEqual([
      ['stdout', 'out\n'],
      ['stderr', 'wörse\n'],
      ['stdout', ''],
    ]);
  });

  test('are refused where there is no such stream', async () => {
    await expect(all(logFrames(chunks(Buffer.from('plain text of a terminal'), 100)))).rejects.toThrow('no log stream');
  });
});

describe('JSON lines', () => {
  test('come whole whatever the chunks, the last one without a newline too', async () => {
    const bytes = Buffer.from('{"a":"ä"}\r\n\n{"b":2}');
    for (const size of [1, 5, 100]) expect(await all(jsonLines(chunks(bytes, size)))).toEqual([{ a: 'ä' }, { b: 2 }]);
  });

  test('have a bound', async () => {
    await expect(all(jsonLines(chunks(Buffer.alloc(5 * 1024 * 1024, 'x'), 65_536)))).rejects.toThrow('overlong');
  });
});
