import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'vitest';
import { root } from './lib/main.mjs';
import { endProcessesOf } from './lib/processes.mjs';
import { until } from './testing/launch.mjs';

const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

let folder;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'npm-scripts-'));
  mkdirSync(join(folder, 'scripts'));
});
afterEach(async () => {
  await endProcessesOf(folder, { patience: 0 });
  rmSync(folder, { recursive: true });
});

test.each(['start', 'test', 'bench', 'prove'])('a signal to npm %s reaches what it runs', async (name) => {
  const program = `process.on('SIGTERM', () => { console.log('told'); process.exit(); }); setInterval(() => {}, 1000); console.log('up');`;
  writeFileSync(join(folder, 'scripts', `${name}.mjs`), program);
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ scripts: { [name]: scripts[name] } }));
  // A group of its own, of which npm alone is told: a terminal would tell all of it.
  const npm = spawn('npm', ['run', name], { cwd: folder, detached: true, stdio: ['ignore', 'pipe', 'ignore'] });
  let said = '';
  npm.stdout.setEncoding('utf8').on('data', (text) => {
    said += text;
  });
  const ended = new Promise((resolve) => npm.once('exit', resolve));
  await until('it runs', () => said.includes('up'));
  npm.kill('SIGTERM');
  await ended;
  await until('it was told', () => said.includes('told'));
});
