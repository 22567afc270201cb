import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chownSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './free-port.mjs';
import { findPostgresBin } from './programs.mjs';
import { run } from './run.mjs';

const READY = 'database system is ready to accept connections';
const START_MS = 120_000;
const STOP_MS = 20_000;

/**
 * A private PostgreSQL server for one test run: the machine's own programs, a temporary folder, a free loopback port,
 * a random password, nothing flushed to disk. Returns `{ url, restart(), stop() }`, or `{ reason }` where it can't be
 * had. `restart` breaks every connection and starts it again at the same address, `stop` ends the server and removes
 * the folder.
 */
export async function startPostgres(signal) {
  const bin = findPostgresBin();
  if (!bin) return { reason: 'no PostgreSQL server programs on this machine (install postgresql)' };
  const user = unprivileged();
  if (user === undefined) return { reason: 'PostgreSQL does not run as root, and there is no user postgres or nobody' };
  const folder = mkdtempSync(join(tmpdir(), 'pipecat-cloud-postgres-'));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  try {
    const password = randomBytes(16).toString('hex');
    await createCluster({ bin, folder, password, user, signal });
    const port = await freePort();
    let server = launch({ bin, folder, port, user });
    await server.ready;
    return {
      url: `postgres://postgres:${password}@127.0.0.1:${port}/postgres`,
      async restart() {
        await server.stop();
        server = launch({ bin, folder, port, user });
        await server.ready;
      },
      async stop() {
        await server.stop();
        remove();
      },
    };
  } catch (error) {
    remove();
    return { reason: error.message };
  }
}

/** PostgreSQL refuses to run as root. Any other user runs it as itself: an empty object. */
function unprivileged() {
  if (process.getuid?.() !== 0) return {};
  const lines = readFileSync('/etc/passwd', 'utf8').split('\n');
  const entries = lines.map((line) => line.split(':'));
  const found = entries.find(([name]) => name === 'postgres') ?? entries.find(([name]) => name === 'nobody');
  return found && { uid: Number(found[2]), gid: Number(found[3]) };
}

async function createCluster({ bin, folder, password, user, signal }) {
  const passwordFile = join(folder, 'password');
  writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 });
  if (user.uid !== undefined) {
    for (const path of [folder, passwordFile]) chownSync(path, user.uid, user.gid);
  }
  const options = ['--username=postgres', '--auth=scram-sha-256', `--pwfile=${passwordFile}`, '--encoding=UTF8'];
  const args = ['-D', join(folder, 'data'), ...options, '--locale=C', '--no-sync'];
  const { code, output } = await run(join(bin, 'initdb'), args, { cwd: folder, signal, ...user });
  if (code !== 0) throw new Error(`initdb failed: ${lastLine(output)}`);
}

const SETTINGS = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '200',
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
};

function launch({ bin, folder, port, user }) {
  const settings = Object.entries({ ...SETTINGS, port }).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  // A group of its own: Ctrl-C reaches the test run, which stops the server after those who use it.
  const child = spawn(join(bin, 'postgres'), ['-D', join(folder, 'data'), ...settings], {
    cwd: folder,
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
    ...user,
  });
  const ended = new Promise((resolve) => child.once('close', resolve));
  return { ready: untilReady(child), stop: () => stop(child, ended) };
}

function untilReady(child) {
  return new Promise((resolve, reject) => {
    let output = '';
    let settled = false;
    const settle = (action, value) => {
      settled = true;
      clearTimeout(timer);
      action(value);
    };
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      settle(reject, new Error(`postgres was not ready after ${START_MS / 1000} s`));
    }, START_MS);
    child.stderr.setEncoding('utf8').on('data', (chunk) => {
      if (settled) return; // Read on, so that the server never waits for room in the pipe.
      output += chunk;
      if (output.includes(READY)) settle(resolve);
    });
    child.on('error', (error) => settle(reject, error));
    child.on('close', () => settle(reject, new Error(`postgres did not start: ${lastLine(output)}`)));
  });
}

async function stop(child, ended) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGINT'); // "Fast": sessions are ended, nothing is waited for.
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
  await ended;
  clearTimeout(timer);
}

function lastLine(output) {
  return output.trim().split('\n').at(-1) ?? '';
}
