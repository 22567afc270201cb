import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { CliError, exitCodes } from '../errors.js';

/** Longer than any request takes that is made under the lock. */
const staleMs = 120_000;

/** Runs `work` while no other process holds the lock file. One that was left behind by a crash is taken over. */
export async function withFileLock<T>(path: string, work: () => Promise<T>): Promise<T> {
  const mine = randomBytes(8).toString('hex');
  await acquire(path, mine);
  try {
    return await work();
  } finally {
    // Ours alone: it may have been taken over while this process slept.
    if ((await readFile(path, 'utf8').catch(() => '')).startsWith(mine)) await rm(path, { force: true });
  }
}

async function acquire(path: string, mine: string): Promise<void> {
  const deadline = Date.now() + staleMs;
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  for (;;) {
    try {
      await writeFile(path, `${mine} ${process.pid}\n`, { flag: 'wx', mode: 0o600 });
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    if (await isLeftBehind(path)) await rm(path, { force: true });
    else if (Date.now() > deadline) throw held(path);
    else await wait(50);
  }
}

async function isLeftBehind(path: string): Promise<boolean> {
  try {
    const pid = Number((await readFile(path, 'utf8')).split(' ')[1]);
    if (Date.now() - (await stat(path)).mtimeMs > staleMs) return true;
    return pid > 0 && !isRunning(pid);
  } catch {
    // Gone meanwhile.
    return false;
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

const held = (path: string) =>
  new CliError('Another command has been renewing the sign-in for minutes.', {
    exit: exitCodes.timedOut,
    code: 'LOCKED',
    hint: `If none runs, remove ${path}`,
  });
