import { expect, test } from 'vitest';
import { lineLimitBytes } from '../drivers/process/lines.js';
import { createRedactor } from '../logs/redactor.js';
import { createOutputCutter } from './output-cutter.js';

const secret = 'correct-horse-battery';
const redactor = createRedactor({ TOKEN: secret });

test.each([1, 1000, Number.MAX_SAFE_INTEGER])(
  'a secret across the end of a piece is found in it, of output that comes in chunks of %s bytes',
  (size) => {
    for (let before = 0; before <= secret.length; before += 5) {
      const text = `${'x'.repeat(lineLimitBytes - before)}${secret}${'y'.repeat(1000)}`;
      for (const end of ['', '\n', '\nnext\n']) {
        const bytes = Buffer.from(`first\n${text}${end}`);
        const cutter = createOutputCutter(redactor);
        const lines: string[] = [];
        for (let at = 0; at < bytes.length; at += size) lines.push(...cutter.push(bytes.subarray(at, at + size)));
        lines.push(...cutter.rest());
        expect(lines[0]).toBe('first');
        expect(lines.join('')).toBe(`first${text}${end.trim()}`);
        expect(lines.map(redactor).join('')).not.toContain(secret.slice(0, 5));
        expect(lines.map(redactor).join('')).not.toContain(secret.slice(-5));
      }
    }
  },
);

test('lines are told as they end, and not only when others follow', () => {
  const cutter = createOutputCutter(redactor);
  expect(cutter.push(Buffer.from('one\ntwo\nth'))).toEqual(['one', 'two']);
  expect(cutter.push(Buffer.from('ree\n'))).toEqual(['three']);
  expect(cutter.rest()).toEqual([]);
});
