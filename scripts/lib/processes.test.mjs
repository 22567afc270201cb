import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest';
import { until } from '../testing/launch.mjs';
import { endProcessesOf, processesOf } from './processes.mjs';

let folder;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'processes-'));
});
afterEach(async () => {
  await endProcessesOf(folder, { patience: 0 });
  rmSync(folder, { recursive: true });
});

const said = () => {
  try {
    return readFileSync(join(folder, 'said'), 'utf8').trim().split('\n');
  } catch {
    return [];
  }
};

const say = "const say = (text) => require('node:fs').appendFileSync(process.env.TMPDIR + '/said', text + '\\n');";

/** Starts a program that is known by its environment alone, in a group of its own as an installation's processes are. */
function start(program, env = { TMPDIR: folder }) {
  const child = spawn(process.execPath, ['-e', say + program], {
    env: { PATH: process.env.PATH, ...env },
    detached: true,
    stdio: 'ignore',
  });
  child.unref();
  return child;
}

/** Says its name and stays; what it does when it is told to end is up to it. */
const stays = (name, onInt = 'process.exit()') =>
  `process.on('SIGINT', () => { say('${name} was told'); ${onInt}; }); setInterval(() => {}, 1000); say('${name}');`;

/** A program that starts another, and ends that one before itself. */
const supervisor = `
  const child = require('node:child_process').spawn(process.execPath, ['-e', process.env.CHILD], { detached: true, stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
  process.on('SIGINT', () => { say('supervisor was told'); child.send('end'); child.on('exit', () => { say('child ended'); process.exit(); }); });
`;
const child = `${say} process.on('message', () => process.exit()); ${stays('child')}`;
const startTree = () => start(supervisor, { TMPDIR: folder, CHILD: child });

test('a tree is ended from above: who started others ends them in its own order', async () => {
  startTree();
  await until('both run', () => said().includes('child') && processesOf(folder).length === 2);
  expect(await endProcessesOf(folder)).toBe(1);
  expect(processesOf(folder)).toEqual([]);
  expect(said()).toEqual(['child', 'supervisor was told', 'child ended']);
});

test('what lost who had started it is ended itself', async () => {
  const above = startTree();
  await until('both run', () => said().includes('child'));
  above.kill('SIGKILL');
  // Its parent is another one now.
  await until('the child is alone', () => processesOf(folder).length === 1);
  expect(await endProcessesOf(folder)).toBe(1);
  expect(said()).toEqual(['child', 'child was told']);
});

test('what does not end when it is told is ended by force, and what has nothing to do with the folder goes on', async () => {
  const other = start('setInterval(() => {}, 1000)', {});
  onTestFinished(() => other.kill('SIGKILL'));
  start(stays('stubborn', '0'));
  await until('it runs', () => said().length === 1);
  await endProcessesOf(folder, { patience: 500 });
  expect(processesOf(folder)).toEqual([]);
  expect(other.exitCode ?? other.signalCode).toBeNull();
});

test.skipIf(process.platform !== 'linux')('a process is known by its working folder too', async () => {
  spawn('sleep', ['1000'], { cwd: folder, env: {}, detached: true, stdio: 'ignore' }).unref();
  await until('it runs', () => processesOf(folder).length === 1);
  await endProcessesOf(folder);
  expect(processesOf(folder)).toEqual([]);
});
