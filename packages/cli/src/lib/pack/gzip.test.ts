import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { gunzipSync, gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { gzip, pieceBytes } from './gzip.js';

/** Numbers that look random and are the same everywhere. */
function noise(bytes: number): Buffer {
  const filled = Buffer.alloc(bytes);
  for (let at = 0; at < bytes; at += 32) createHash('sha256').update(String(at)).digest().copy(filled, at);
  return filled;
}

const prose = (bytes: number) =>
  Buffer.from(Array.from({ length: bytes / 16 }, (_, n) => `word ${(n * n) % 997} and\n`).join('')).subarray(0, bytes);

function* piecesOf(bytes: Buffer, spare: Buffer[] = []): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    const piece = spare.pop() ?? Buffer.allocUnsafeSlow(pieceBytes);
    yield piece.subarray(0, bytes.copy(piece, 0, at));
  }
}

async function gzipped(bytes: Buffer): Promise<Buffer> {
  const spare: Buffer[] = [];
  const chunks: Buffer[] = [];
  for await (const chunk of gzip(piecesOf(bytes, spare), spare)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

test.each<[string, Buffer]>([
  ['nothing', Buffer.alloc(0)],
  ['a little', Buffer.from('hello')],
  ['exactly one piece', prose(pieceBytes)],
  ['many pieces', prose(9 * pieceBytes + 12_345)],
  ['many that do not compress', noise(7 * pieceBytes + 1)],
  ['both in turn', Buffer.concat([prose(pieceBytes), noise(2 * pieceBytes), prose(3 * pieceBytes), noise(100)])],
])('%s comes out as it went in, as one gzip member with a plain header', async (_name, bytes) => {
  const compressed = await gzipped(bytes);
  expect(gunzipSync(compressed).equals(bytes)).toBe(true);
  // A reader that stops at the first member gets everything.
  const python =
    'import sys, zlib; sys.stdout.buffer.write(zlib.decompressobj(31).decompress(sys.stdin.buffer.read()))';
  const first = withPython(python, compressed);
  if (first) expect(first.equals(bytes)).toBe(true);
  expect(compressed.subarray(0, 10).toString('hex')).toBe('1f8b08000000000000ff');
});

test('the same bytes give the same archive, whatever was compressed before in the same memory', async () => {
  const bytes = Buffer.concat([prose(3 * pieceBytes), noise(pieceBytes), prose(1000)]);
  expect((await gzipped(bytes)).equals(await gzipped(bytes))).toBe(true);
});

test('is about as small as in one go, and what does not compress grows by next to nothing', async () => {
  const text = prose(6 * pieceBytes);
  expect((await gzipped(text)).length).toBeLessThan(gzipSync(text).length * 1.01);
  const sound = noise(6 * pieceBytes);
  expect((await gzipped(sound)).length).toBeLessThan(sound.length * 1.001);
});

test('no more pieces are read ahead than are compressed at once', async () => {
  let given = 0;
  const pieces = (function* () {
    for (; given < 50; given++) yield Buffer.alloc(pieceBytes, given);
  })();
  let taken = 0;
  for await (const _ of gzip(pieces, [])) {
    taken++;
    // The header is the first chunk, and the piece that is asked for next the last given.
    expect(given - taken).toBeLessThan(6);
  }
});

test('what the source throws comes through', async () => {
  const pieces = (function* () {
    yield Buffer.alloc(pieceBytes);
    throw new Error('bot.py changed');
  })();
  const all = async () => {
    for await (const _ of gzip(pieces, []));
  };
  await expect(all()).rejects.toThrow('bot.py changed');
});

function withPython(code: string, input: Buffer): Buffer | undefined {
  try {
    return execFileSync('python3', ['-c', code], { input, maxBuffer: 2 ** 30 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
