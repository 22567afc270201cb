import { readdirSync, readFileSync } from 'node:fs';
import { setImmediate as breath } from 'node:timers/promises';
import type { ProcessEntry, ProcessTable } from './process-table.js';

/** /proc counts CPU time in ticks of 10 ms on every architecture that Node runs on (USER_HZ, proc(5)). */
const tickMs = 10;
/** Processes that are read in one go: half a millisecond, in which no session's socket is served. */
const readAtOnce = 10;

/** Reads /proc (proc(5)). */
export function createLinuxProcessTable(): ProcessTable {
  const boot = read('/proc/sys/kernel/random/boot_id')?.trim() ?? '';

  function entry(pid: number): (ProcessEntry & { state: string }) | undefined {
    const stat = read(`/proc/${pid}/stat`);
    if (!stat) return undefined;
    // The second field is the program's name in parentheses and may hold anything; the third comes after the last of them.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const ticks = [11, 12, 13, 14].reduce((sum, index) => sum + Number(fields[index]), 0);
    return {
      pid,
      state: fields[0] ?? '',
      group: Number(fields[2]),
      startedAt: `${boot}/${fields[19]}`,
      cpuMs: ticks * tickMs,
    };
  }

  const sinceBoot = (startedAt: string) => startedAt.startsWith(`${boot}/`);

  function living(pid: number): ProcessEntry[] {
    const found = entry(pid);
    if (!found || found.state === 'Z' || found.state === 'X') return [];
    const { state: _, ...process } = found;
    return [process];
  }

  function markOf(pid: number, name: string): { pid: number; value: string }[] {
    const environment = `\0${read(`/proc/${pid}/environ`) ?? ''}`;
    const start = environment.indexOf(`\0${name}=`);
    if (start < 0) return [];
    const from = start + name.length + 2;
    const end = environment.indexOf('\0', from);
    return [{ pid, value: environment.slice(from, end < 0 ? undefined : end) }];
  }

  return {
    startedAt: (pid) => entry(pid)?.startedAt,
    sinceBoot,
    list: (only) => (only === undefined ? pids() : [only]).flatMap(living),
    marked: (name) => pids().flatMap((pid) => markOf(pid, name)),
    async look(name) {
      const all = pids();
      const [found, marks]: [ProcessEntry[], { pid: number; value: string }[]] = [[], []];
      for (let at = 0; at < all.length; at += readAtOnce) {
        for (const pid of all.slice(at, at + readAtOnce)) {
          found.push(...living(pid));
          marks.push(...markOf(pid, name));
        }
        await breath();
      }
      return { list: () => found, marked: () => marks, sinceBoot };
    },
    environment(pid) {
      const pairs = (read(`/proc/${pid}/environ`) ?? '').split('\0').filter((pair) => pair.includes('='));
      return Object.fromEntries(
        pairs.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]),
      );
    },
    memoryBytes: (pid) => Number(/^VmRSS:\s+(\d+) kB$/m.exec(read(`/proc/${pid}/status`) ?? '')?.[1] ?? 0) * 1024,
  };
}

function pids(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

/** Undefined when the process has ended meanwhile or belongs to somebody else. */
function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
