import { expect, test } from 'vitest';
import type { DriverLogLine } from '../drivers/driver.js';
import { createLineCutter, lineLimitBytes } from '../drivers/process/lines.js';
import { toLogLine } from '../drivers/process/output.js';
import { createRedactor, createWithholder, type Redactor } from './redactor.js';
import { keepSecretsWhole, type WholeLine } from './whole-secrets.js';

const secret = 'correct-horse-battery';
const never = new AbortController().signal;

async function* linesOf(text: string): AsyncGenerator<DriverLogLine> {
  const cutter = createLineCutter(100);
  yield* cutter.push(Buffer.from(text)).map(toLogLine);
  const rest = cutter.rest();
  if (rest) yield toLogLine(rest);
}

const whole = (text: string, redactor: Redactor) =>
  collect({ lines: linesOf(text), from: 100, redactor, signal: never });
async function collect(source: Parameters<typeof keepSecretsWhole>[0]): Promise<WholeLine[]> {
  const lines: WholeLine[] = [];
  for await (const line of keepSecretsWhole(source)) lines.push(line);
  return lines;
}
const textOf = (lines: WholeLine[]) => lines.map(({ text }) => text).join('');

test('a secret across the end of a piece is told with the piece in which it begins', async () => {
  const redactor = createRedactor({ SECRET: secret });
  for (let before = 0; before <= secret.length; before++) {
    const text = `${'x'.repeat(lineLimitBytes - before)}${secret}${'y'.repeat(1000)}`;
    const lines = await whole(`${text}\nnext\n`, redactor);
    expect(textOf(lines)).toBe(`${text}next`);
    expect(textOf(lines.map((line) => ({ ...line, text: redactor(line.text) })))).toBe(
      `${text.replace(secret, '[redacted]')}next`,
    );
    const ends = [100, 100 + lineLimitBytes, 100 + text.length + 1, 100 + text.length + 6];
    expect(lines.map(({ start }) => start)).toEqual(ends.slice(0, -1));
    expect(lines.map(({ position }) => position)).toEqual(ends.slice(1));
    expect(lines.map(({ goesOn }) => goesOn)).toEqual([true, undefined, undefined]);
  }
});

test('so is a credential of the platform, and the longer of two secrets', async () => {
  const redactor = createRedactor({ LONGER: `${secret}-staple`, SECRET: secret });
  for (const found of [`pcc_pat_${'a'.repeat(48)}`, `${secret}-staple`]) {
    for (let before = 1; before < found.length; before++) {
      const lines = await whole(`${'.'.repeat(lineLimitBytes - before - 1)} ${found} end`, redactor);
      expect(lines[0]?.text.endsWith(found)).toBe(true);
      expect(lines[1]?.text).toBe(' end');
    }
  }
});

test('a secret that is longer than several pieces is found, and nothing of it is left after it', async () => {
  const long = 'long'.repeat(lineLimitBytes);
  const redactor = createRedactor({ LONG: long });
  const lines = await whole(`before ${long} after\nnext\n`, redactor);
  expect(lines.map(({ text }) => redactor(text))).toEqual(['before [redacted]', ' after', 'next']);
  expect(lines[0]).toMatchObject({ start: 100, position: 100 + 4 * lineLimitBytes, goesOn: true });
});

test('a piece waits for no more than the longest secret', async () => {
  let given = 0;
  async function* pieces(): AsyncGenerator<DriverLogLine> {
    while (given < 20) yield { position: ++given, time: new Date(), text: 'x'.repeat(lineLimitBytes), goesOn: true };
  }
  const redactor = createRedactor({ SECRET: secret });
  const lines = keepSecretsWhole({ lines: pieces(), from: 0, redactor, signal: never });
  for (let read = 1; read < 10; read++) {
    await lines.next();
    expect(given).toBe(read + 1);
  }
});

test('what is held as the output ends is given, but not as the reader is stopped', async () => {
  const text = 'x'.repeat(lineLimitBytes + 1);
  const redactor = createRedactor({ SECRET: secret });
  const onlyPiece = async function* () {
    yield { position: 1, time: new Date(), text, goesOn: true } as const;
  };
  const read = (signal: AbortSignal) => collect({ lines: onlyPiece(), from: 0, redactor, signal });
  expect(textOf(await read(never))).toBe(text);
  expect(await read(AbortSignal.abort())).toEqual([]);
});

test('where no secrets are known every line is given as it comes', async () => {
  const lines = await whole(`${'x'.repeat(lineLimitBytes)}y\n`, createWithholder());
  expect(lines.map(({ text }) => text.length)).toEqual([lineLimitBytes, 1]);
});
