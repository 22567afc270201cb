import { expect, test } from 'vitest';
import { createLeftOut, leftOutText } from './leave-out.js';
import { createRedactor } from './redactor.js';

const secret = 'correct-horse-battery';
const stars = '*'.repeat(secret.length);
const redactor = createRedactor({ SECRET: secret, SHORTER: secret.slice(0, 12) });

/** The output of one instance. */
function outputOf(text: string) {
  const bytes = Buffer.from(text);
  const leftOut = createLeftOut(
    {
      maskOutput: async (_id, { from, to }, mask) => {
        const range = bytes.subarray(from, to);
        mask(range)?.copy(range);
      },
    },
    'i-1',
    redactor,
  );
  return { bytes, leftOut };
}
const line = (start: number, position: number) => ({ start, position, readTo: position });

test('what is passed over after its beginning has been told is told itself, and its secrets are starred out', async () => {
  const { bytes, leftOut } = outputOf(`read\n${secret}\npassed over\n`);
  await leftOut.add(line(0, 5));
  expect(await leftOut.take()).toMatchObject({ lines: 1, from: 0, to: 5, skipped: false });
  await leftOut.skip(5, bytes.length);
  const told = await leftOut.take();
  expect(told).toEqual({ lines: 0, from: 5, to: bytes.length, skipped: true });
  expect(told && leftOutText(told, 1024)).toContain('[pipecat-cloud] lines were left out here (34 bytes)');
  expect(bytes.toString()).toBe(`read\n${stars}\npassed over\n`);
});

test('no secret of what is passed over stays, wherever it lies', async () => {
  const step = secret.length + 1;
  // Each place of it in what is looked through at once.
  for (let shift = 0; shift < step; shift++) {
    const text = `${'x'.repeat(shift)}${`${secret}|`.repeat(300_000 / step)}\n`;
    const { bytes, leftOut } = outputOf(text);
    await leftOut.skip(0, bytes.length);
    expect(bytes.toString()).toBe(text.replaceAll(secret, stars));
  }
});

test('a secret in the middle of which the passing over ended is starred out with its other half', async () => {
  const { bytes, leftOut } = outputOf(`a ${secret}\nb ${secret}\n`);
  const half = bytes.length - 6;
  await leftOut.skip(0, half);
  await leftOut.take();
  expect(bytes.toString()).toBe(`a ${stars}\nb ${secret}\n`);
  await leftOut.add(line(half, bytes.length));
  await leftOut.take();
  expect(bytes.toString()).toBe(`a ${stars}\nb ${stars}\n`);
});

test('nothing that was passed over is left as it was once the output has ended', async () => {
  const { bytes, leftOut } = outputOf(`a\nb ${secret}`);
  await leftOut.skip(0, bytes.length);
  await leftOut.end();
  expect(bytes.toString()).toBe(`a\nb ${stars}`);
});
