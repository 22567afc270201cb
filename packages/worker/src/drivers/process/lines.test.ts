import { expect, test } from 'vitest';
import { createLineCutter, lineLimitBytes } from './lines.js';

function cut(...chunks: (string | Uint8Array)[]) {
  const cutter = createLineCutter(100);
  const lines = chunks.flatMap((chunk) => cutter.push(Buffer.from(chunk as string)));
  const rest = cutter.rest();
  return rest ? [...lines, rest] : lines;
}

test('lines come without their newline, with the offset of their end', () => {
  expect(cut('a\nbb', 'b\r\n\nrest')).toEqual([
    { text: 'a', end: 102 },
    { text: 'bbb', end: 107 },
    { text: '', end: 108 },
    { text: 'rest', end: 112 },
  ]);
});

test('a character in two chunks is one character', () => {
  const bytes = Buffer.from('ä€😀\n');
  for (let at = 1; at < bytes.length; at++) {
    expect(cut(bytes.subarray(0, at), bytes.subarray(at)).map(({ text }) => text)).toEqual(['ä€😀']);
  }
});

test('the limit cuts between characters, and a line of exactly the limit stays whole', () => {
  const whole = 'x'.repeat(lineLimitBytes);
  expect(cut(`${whole}\n`).map(({ text }) => text)).toEqual([whole]);
  const wide = cut(`x${'😀'.repeat(5000)}\n`);
  expect(wide.map(({ text }) => text).join('')).toBe(`x${'😀'.repeat(5000)}`);
  expect(wide.length).toBe(2);
  expect(wide[0]?.end).toBe(100 + 1 + 4095 * 4);
});

test('bytes without any character boundary are cut all the same', () => {
  const lines = cut(Buffer.alloc(lineLimitBytes * 2 + 1, 0x80));
  expect(lines.at(-1)?.end).toBe(100 + lineLimitBytes * 2 + 1);
});

test('a chunk may be used again', () => {
  const cutter = createLineCutter();
  const chunk = Buffer.from('ab');
  cutter.push(chunk);
  chunk.fill('x');
  expect(cutter.push(Buffer.from('\n'))).toEqual([{ text: 'ab', end: 3 }]);
});
