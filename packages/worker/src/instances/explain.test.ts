import { expect, test } from 'vitest';
import { createLineCutter, lineLimitBytes } from '../drivers/process/lines.js';
import { toLogLine } from '../drivers/process/output.js';
import { createRedactor } from '../logs/redactor.js';
import { explain, neverReady } from './explain.js';
import { createInstance, type Instance } from './instance.js';

const silent = createInstance({ labels: { instanceId: 'i' } } as never, 'starting');

test('an agent that listens elsewhere is told where it should have', () => {
  expect(neverReady({ ...silent, address: 'http://127.0.0.1:34613' }, 120)).toBe(
    'Nothing answered on port 34613 within 120 s; an agent has to listen on the port in its variable PORT',
  );
  expect(neverReady(silent, 120)).toContain('Nothing answered on its port within 120 s');
});

test('one that answers and is not ready is told that', () => {
  expect(neverReady({ ...silent, answers: true }, 5)).toBe(
    'It answered within 5 s, but always that it is not ready: 503 to GET /readyz',
  );
});

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
