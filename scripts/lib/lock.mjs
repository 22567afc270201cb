import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Refusal } from './output.mjs';
import { identify, isAlive } from './process-identity.mjs';

/**
 * Takes the data folder for this process, so that two supervisors never run on the same one. A lock whose owner is
 * gone is taken over; processes that it left behind are asked to end and waited for, at most `closingDeadline` (ms), then killed.
 * Returns `{ tookOver, setChildren(pids), release() }`.
 */
export async function takeLock(dataDir, { url, closingDeadline }) {
  const file = join(dataDir, 'supervisor.lock');
  const own = { ...identify(process.pid), url, children: [] };
  let left = [];
  while (!create(file, own)) {
    const holder = read(file);
    if (holder && isAlive(holder)) {
      throw new Refusal(
        `Pipecat Cloud already runs on the data folder ${dataDir} (process ${holder.pid}, ${holder.url}). ` +
          'Stop it first, or choose another folder with PIPECAT_CLOUD_DATA_DIR.',
      );
    }
    if (setAside(file, holder)) left = holder?.children ?? [];
  }
  await endProcesses(left.filter(isAlive), closingDeadline);
  return {
    tookOver: left.length > 0,
    /** Remembers the running children, so that the next start can wait for them should this process be killed. */
    setChildren(pids) {
      own.children = pids.map(identify);
      replace(file, own);
    },
    release() {
      if (read(file)?.pid === process.pid) rmSync(file, { force: true });
    },
  };
}

function writeAside(file, content) {
  const temporary = `${file}.${process.pid}`;
  writeFileSync(temporary, JSON.stringify(content), { mode: 0o600 });
  return temporary;
}

/** Appears whole or not at all; false where a lock is there already. */
function create(file, content) {
  const temporary = writeAside(file, content);
  try {
    linkSync(temporary, file);
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(temporary, { force: true });
  }
}

function replace(file, content) {
  renameSync(writeAside(file, content), file);
}

function read(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}

/** Removes a dead owner's lock. Of two that try, one moves it; who moved somebody's new lock instead puts it back. */
function setAside(file, seen) {
  const aside = `${file}.stale.${process.pid}`;
  try {
    renameSync(file, aside);
  } catch (error) {
    if (error.code === 'ENOENT') return false;
    throw error;
  }
  const moved = read(aside);
  const wasStale = moved?.pid === seen?.pid && moved?.started === seen?.started;
  if (wasStale) rmSync(aside, { force: true });
  else renameSync(aside, file);
  return wasStale;
}

function signalAll(processes, signal) {
  for (const { pid } of processes) {
    try {
      process.kill(pid, signal);
    } catch {
      // It ended in between.
    }
  }
}

async function endProcesses(processes, patience) {
  const deadline = Date.now() + patience;
  let remaining = processes;
  signalAll(remaining, 'SIGTERM');
  while (remaining.length > 0 && Date.now() < deadline) {
    await sleep(50);
    remaining = remaining.filter(isAlive);
  }
  signalAll(remaining, 'SIGKILL');
}
