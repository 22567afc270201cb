import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createSupervised, ExitedEarly } from './supervised.mjs';

test('what was told to stop is not started afterwards', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'pipecat-cloud-supervised-'));
  const log = join(folder, 'log');
  const supervised = createSupervised({ name: 'worker', file: 'none.mjs', log, isStopping: () => true });
  await supervised.stop();
  await expect(supervised.start()).rejects.toThrow(ExitedEarly);
  expect(existsSync(log)).toBe(false);
  rmSync(folder, { recursive: true });
});
