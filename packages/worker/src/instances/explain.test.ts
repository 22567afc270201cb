import { expect, test } from 'vitest';
import { createLineCutter, lineLimitBytes } from '../drivers/process/lines.js';
import { toLogLine } from '../drivers/process/output.js';
import { createRedactor } from '../logs/redactor.js';
import { explain } from './explain.js';
import type { Instance } from './instance.js';

test('an overlong line of the output leaves no half of a secret in what is said of an end', async () => {
  const secret = 'correct-horse-battery';
  // The pieces before the last five are left out; the first of those begins within the secret.
  const output = Buffer.from(`${'x'.repeat(lineLimitBytes - 5)}${secret}${'y'.repeat(5 * lineLimitBytes - 100)}\n`);
  const driver = {
    logEnd: async () => output.length,
    async *logs() {
      yield* createLineCutter().push(output).map(toLogLine);
    },
  };
  const instance = { id: 'i-1', redactor: createRedactor({ SECRET: secret }) } as Instance;
  const said = await explain(driver, instance, 'It ended');
  expect(said).toMatch(/^It ended\. Its last output: y+$/);
});
