import { expect, test } from 'vitest';
import { createLeftOut, leftOutText } from './leave-out.js';
import { createRedactor } from './redactor.js';

const secret = 'correct-horse-battery';

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
    createRedactor({ SECRET: secret }),
  );
  return { bytes, leftOut };
}

test('what is passed over after its beginning has been told is told itself, and its secrets are starred out', async () => {
  const { bytes, leftOut } = outputOf(`read\n${secret}\npassed over\n`);
  await leftOut.add(0, 5);
  expect(await leftOut.take()).toMatchObject({ lines: 1, from: 0, to: 5, skipped: false });
  await leftOut.skip(5, bytes.length);
  const told = await leftOut.take();
  expect(told).toEqual({ lines: 0, from: 5, to: bytes.length, skipped: true });
  expect(told && leftOutText(told, 1024)).toContain('[pipecat-cloud] lines were left out here (34 bytes)');
  expect(bytes.toString()).toBe(`read\n${'*'.repeat(secret.length)}\npassed over\n`);
});
