import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { warn } from './output.mjs';

const hasProc = existsSync('/proc/self/cmdline');

/**
 * Processes of this machine whose environment, arguments or working folder name `folder`; the caller itself is left out. Where
 * there is no /proc, by environment and arguments alone.
 */
export function processesOf(folder) {
  return (hasProc ? fromProc(folder) : fromPs(folder)).filter((pid) => pid !== process.pid);
}

/** The numbers of all processes that can be seen. */
export function allProcesses() {
  const names = hasProc ? readdirSync('/proc') : ps('-A', '-o', 'pid=').split('\n');
  return names.map(Number).filter((pid) => Number.isInteger(pid) && pid > 0);
}

/** The arguments of a process, joined by spaces; empty where it is gone. */
export function commandOf(pid) {
  return hasProc ? read(`/proc/${pid}/cmdline`).trim() : ps('-ww', '-o', 'command=', '-p', String(pid)).trim();
}

/** Who started a process, or took it over when that had ended; 0 where there is none. */
function parentOf(pid) {
  if (!hasProc) return Number(ps('-o', 'ppid=', '-p', String(pid)));
  const stat = read(`/proc/${pid}/stat`);
  // The name stands in parentheses and may hold anything; the parent is the 2nd field after it.
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1] ?? 0);
}

/** Longer than an installation may take to stop its two processes. */
const patienceMs = 90_000;
/** What is ended by force is gone by then, unless nobody here may end it. */
const forceMs = 20_000;

/**
 * Ends the processes of `folder` as Ctrl-C would. Only those that none of the others has started are told: they end their own, in the
 * order that these need. After the patience all are ended by force. Resolves, once none is left, to how many had to be ended; what can't
 * be is told.
 */
export async function endProcessesOf(folder, { patience = patienceMs } = {}) {
  const deadline = Date.now() + patience;
  const told = new Set();
  for (;;) {
    const left = processesOf(folder);
    if (left.length === 0) return told.size;
    if (Date.now() > deadline + forceMs) {
      warn(`These processes name ${folder} and could not be ended: ${left.join(', ')}`);
      return told.size;
    }
    const late = Date.now() > deadline;
    for (const pid of left) {
      const isTop = () => !told.has(pid) && !left.includes(parentOf(pid));
      // One that has ended since it was listed was ended by another.
      if ((late || isTop()) && kill(pid, late ? 'SIGKILL' : 'SIGINT')) told.add(pid);
    }
    await sleep(50);
  }
}

/** False for one that is gone, or somebody else's. */
function kill(pid, signal) {
  try {
    return process.kill(pid, signal);
  } catch {
    return false;
  }
}

const fromProc = (folder) =>
  allProcesses().filter((pid) =>
    [read(`/proc/${pid}/environ`), commandOf(pid), linkOf(`/proc/${pid}/cwd`)].some((text) => text.includes(folder)),
  );

const fromPs = (folder) =>
  // With the environment behind the command.
  ps('-A', '-ww', '-E', '-o', 'pid=,command=')
    .split('\n')
    .filter((line) => line.includes(folder))
    .map((line) => Number.parseInt(line, 10));

function ps(...args) {
  return spawnSync('ps', args, { encoding: 'utf8' }).stdout ?? '';
}

function read(path) {
  try {
    return readFileSync(path, 'utf8').replaceAll('\0', ' ');
  } catch {
    return ''; // Ended meanwhile, or somebody else's.
  }
}

function linkOf(path) {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}
