import { setTimeout as delay } from 'node:timers/promises';
import type { ProcessEntry, ProcessTable, ProcessView } from './process-table.js';

/** Who belongs together: the process group of a leader, and whoever carries the marker in its environment. */
export interface ProcessFamily {
  leader?: { pid: number; startedAt: string };
  marker: { name: string; value: string };
}

const stubbornMs = 30_000;

/** The living members of a family. */
export function members(table: ProcessView, { leader, marker }: ProcessFamily): ProcessEntry[] {
  const all = table.list();
  const marked = new Set(table.marked(marker.name).flatMap(({ pid, value }) => (value === marker.value ? [pid] : [])));
  // A group keeps its number from being used again, so it is ours unless a different process now leads it.
  const leads = all.find(({ pid }) => pid === leader?.pid);
  const group =
    leader && table.sinceBoot(leader.startedAt) && (!leads || leads.startedAt === leader.startedAt)
      ? leader.pid
      : undefined;
  return all.filter((entry) => entry.group === group || marked.has(entry.pid));
}

/** Sends a signal to every member once, without waiting; returns how many there were. */
export function signalMembers(table: ProcessTable, family: ProcessFamily, signal: NodeJS.Signals): number {
  const found = members(table, family);
  for (const { pid } of found) send(pid, signal);
  return found.length;
}

/**
 * Ends a family: SIGTERM at once, SIGKILL from the moment `deadline()` (milliseconds of `performance.now()`, which nobody sets; asked
 * again and again, so that it may move) has come. Resolves when no member lives, also those that were started meanwhile or left the group.
 */
export async function endProcesses(table: ProcessTable, family: ProcessFamily, deadline: () => number): Promise<void> {
  const told = new Set<string>();
  let pauseMs = 10;
  let forcedAt: number | undefined;
  for (;;) {
    const found = members(table, family);
    if (found.length === 0) return;
    const now = performance.now();
    if (now >= deadline()) forcedAt ??= now;
    if (forcedAt !== undefined && now - forcedAt > stubbornMs) {
      const pids = found.map(({ pid }) => pid).join(', ');
      throw new Error(`processes ${pids} did not end after SIGKILL; see what blocks them`);
    }
    for (const { pid, startedAt } of found) {
      if (forcedAt !== undefined) send(pid, 'SIGKILL');
      else if (!told.has(`${pid}/${startedAt}`)) send(pid, 'SIGTERM');
      told.add(`${pid}/${startedAt}`);
    }
    await delay(Math.min(pauseMs, Math.max(10, deadline() - performance.now())));
    pauseMs = Math.min(pauseMs * 2, 200);
  }
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
