import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { startOf } from '../lib/process-identity.mjs';

const SCRIPT = fileURLToPath(new URL('start-fakes.mjs', import.meta.url));

/** Waits until `condition` gives something true and returns that. */
export async function until(what, condition, deadline = 60_000) {
  const end = Date.now() + deadline;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (Date.now() > end) throw new Error(`waited in vain until ${what}`);
    await sleep(20);
  }
}

/** Listens on a free loopback port: `{ port, close() }`. */
export async function occupyPort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { port: server.address().port, close: () => new Promise((resolve) => server.close(resolve)) };
}

/**
 * A data folder and supervisors with fake processes on it. `cleanUp` ends what still runs and removes the folder.
 */
export function createStage() {
  const folder = mkdtempSync(join(tmpdir(), 'pipecat-cloud-scripts-'));
  const dataDir = join(folder, 'data');
  const running = [];
  const read = (name) => {
    try {
      return readFileSync(join(dataDir, name), 'utf8');
    } catch {
      return '';
    }
  };
  const events = () => read('events').split('\n').filter(Boolean);
  const pids = (name) => events().flatMap((line) => new RegExp(`^${name} started (\\d+)`).exec(line)?.[1] ?? []);
  const stage = {
    folder,
    dataDir,
    read,
    /** What the fake processes noted, without their numbers. */
    story: () => events().map((line) => line.replace(/ \d+ supervisor=.*/, '')),
    events,
    /** The number of the process that was started last under this name. */
    pid: (name) => Number(pids(name).at(-1)),
    starts: (name) => pids(name).length,
    launch(env = {}) {
      const started = launch({ PIPECAT_CLOUD_DATA_DIR: dataDir, ...env });
      running.push(started);
      return started;
    },
    async cleanUp() {
      for (const { child } of running) child.kill('SIGKILL');
      for (const pid of [...pids('control plane'), ...pids('worker')].map(Number)) kill(pid);
      await Promise.all(running.map(({ ended }) => ended));
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return stage;
}

function kill(pid) {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended.
  }
}

/** Whether a process of this number runs. */
export function runs(pid) {
  return startOf(pid) !== undefined;
}

function launch(env) {
  const { PATH, HOME } = process.env;
  // A process group of its own, as a terminal gives one to each command line: signals to it can be tried.
  const options = { env: { PATH, HOME, ...env }, detached: true, stdio: ['ignore', 'pipe', 'pipe'] };
  const child = spawn(process.execPath, [SCRIPT], options);
  const started = { child, stdout: '', stderr: '', ended: undefined };
  child.stdout.setEncoding('utf8').on('data', (chunk) => {
    started.stdout += chunk;
  });
  child.stderr.setEncoding('utf8').on('data', (chunk) => {
    started.stderr += chunk;
  });
  started.ended = new Promise((resolve) => child.once('close', (code) => resolve(code)));
  /** What Ctrl-C does: the signal goes to the whole group. */
  started.interrupt = () => process.kill(-child.pid, 'SIGINT');
  started.untilReady = () => until('it is ready', () => /^ready .*$/m.test(started.stdout));
  return started;
}
