import { spawn } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { onPath } from './programs.mjs';

const USUAL_SOCKET = '/var/run/docker.sock';
/** It is installed there, which is not on everybody's path; and it looks there for iptables. */
const SBIN = ':/usr/sbin:/sbin';
const START_MS = 120_000;
const STOP_MS = 20_000;
const ANSWER_MS = 2_000;

/**
 * A container engine for one test run: the one that answers at the usual socket, else a `dockerd` of the run's own, with its
 * data, socket and state in a temporary folder. Returns `{ url, stop? }`, or `{ reason }` where none can be had.
 */
export async function startEngine(signal, { env = withSbin(process.env), usualSocket = USUAL_SOCKET } = {}) {
  if (process.platform !== 'linux')
    return { reason: 'images for tests are made of programs of this machine, which must run Linux' };
  if (await answers(usualSocket)) return { url: `unix://${usualSocket}` };
  const none = `no engine answers at ${usualSocket}`;
  const dockerd = onPath(['dockerd'], env);
  if (!dockerd) return { reason: `${none}, and there is no dockerd (install docker.io)` };
  if (process.getuid?.() !== 0) return { reason: `${none}, and only root can start dockerd` };
  return launch(dockerd, env, signal);
}

async function launch(dockerd, env, signal) {
  const folder = mkdtempSync(join(tmpdir(), 'pipecat-cloud-engine-'));
  const socket = join(folder, 'docker.sock');
  const log = join(folder, 'dockerd.log');
  const fd = openSync(log, 'w', 0o600);
  const args = [
    ...['--host', `unix://${socket}`, '--data-root', join(folder, 'data'), '--exec-root', join(folder, 'exec')],
    ...['--pidfile', join(folder, 'dockerd.pid'), '--log-level', 'warn'],
  ];
  // A group of its own: Ctrl-C reaches the test run, which stops the engine after those who use it.
  const child = spawn(dockerd, args, { cwd: folder, detached: true, stdio: ['ignore', fd, fd], env });
  closeSync(fd);
  let gone = false;
  const ended = new Promise((resolve) => {
    const end = () => {
      gone = true;
      resolve();
    };
    child.once('close', end).once('error', end);
  });

  async function stop() {
    if (!gone) child.kill('SIGTERM');
    const enough = new AbortController();
    const late = delay(STOP_MS, undefined, { signal: enough.signal }).then(
      () => child.kill('SIGKILL'),
      () => {},
    );
    await ended;
    enough.abort();
    await late;
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }

  const until = Date.now() + START_MS;
  while (!gone && !signal?.aborted && Date.now() < until) {
    if (await answers(socket)) return { url: `unix://${socket}`, stop };
    await delay(100);
  }
  const said = existsSync(log) ? (readFileSync(log, 'utf8').trim().split('\n').at(-1) ?? '') : '';
  await stop();
  return { reason: `dockerd did not start: ${said.slice(0, 300)}` };
}

const withSbin = (env) => ({ ...env, PATH: (env.PATH ?? '') + SBIN });

function answers(socketPath) {
  return new Promise((resolve) => {
    const asked = request({ socketPath, path: '/_ping', timeout: ANSWER_MS }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    asked.on('timeout', () => asked.destroy());
    asked.on('error', () => resolve(false));
    asked.end();
  });
}
