import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/**
 * When a process began, as an opaque value that a later process of the same number does not share. Undefined where no
 * such process runs.
 */
export function startOf(pid) {
  if (process.platform !== 'linux') {
    const { status, stdout } = spawnSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' });
    return status === 0 ? stdout.trim() || undefined : undefined;
  }
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name stands in parentheses and may hold anything; the state is the 1st field after it, the start the 20th.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // A zombie has ended; only its parent has not looked yet.
    return fields[0] === 'Z' ? undefined : `${bootId()}-${fields[19]}`;
  } catch {
    return undefined;
  }
}

// Start times count from the boot, so that after a restart of the machine they could repeat.
function bootId() {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return '';
  }
}

/** The number and the beginning of a process, enough to know it again. */
export function identify(pid) {
  return { pid, started: startOf(pid) };
}

/** Whether the process that `identify` described still runs. */
export function isAlive({ pid, started }) {
  return started !== undefined && startOf(pid) === started;
}
