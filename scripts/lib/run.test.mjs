import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { until } from '../testing/launch.mjs';
import { endProcessesOf } from './processes.mjs';
import { run } from './run.mjs';

let folder;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'run-'));
});
afterEach(async () => {
  await endProcessesOf(folder, { patience: 0 });
  rmSync(folder, { recursive: true });
});

test('a program that is stopped is over once it has ended, though what it started holds its output open', async () => {
  const stop = new AbortController();
  const sleeper = `process.on('SIGINT', () => {}); setInterval(() => {}, 1000); require('node:fs').writeFileSync(process.env.TMPDIR + '/up', '')`;
  const program = `require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(sleeper)}], { detached: true, stdio: 'inherit' })`;
  const running = run(process.execPath, ['-e', program], {
    env: { ...process.env, TMPDIR: folder },
    signal: stop.signal,
  });
  await until('what it starts runs', () => existsSync(join(folder, 'up')));
  stop.abort();
  expect(await running).toMatchObject({ code: 130 });
});
