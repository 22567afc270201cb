import { type ChildProcess, type SpawnOptions, spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** A process that a test started, with everything that it wrote. */
export interface Running {
  child: ChildProcess;
  pid: number;
  stdout(): string;
  stderr(): string;
  /** Exit code, or the signal's name. */
  ended: Promise<number | string>;
  running(): boolean;
}

const running = new Set<Running>();

/** Starts a program without a shell. Whatever still runs at the end is ended by `endProcesses`. */
export function run(program: string, args: readonly string[], options: SpawnOptions): Running {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (text: string) => {
      output[name] += text;
    });
  }
  let open = true;
  const ended = new Promise<number | string>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      open = false;
      running.delete(started);
      resolve(code ?? signal ?? 'unknown');
    });
  });
  ended.catch(() => undefined);
  const started: Running = {
    child,
    pid: child.pid ?? -1,
    stdout: () => output.stdout,
    stderr: () => output.stderr,
    ended,
    running: () => open,
  };
  running.add(started);
  return started;
}

/** Longer than an installation may take to stop its two processes. */
const patienceMs = 90_000;

/** Ends what `run` started and is still there: asks first, then does not. */
export async function endProcesses(): Promise<void> {
  await Promise.all([...running].map(endProcess));
}

async function endProcess({ child, ended }: Running): Promise<void> {
  child.kill('SIGTERM');
  const timer = setTimeout(() => {
    child.kill('SIGKILL');
    // What it started may hold them open.
    child.stdout?.destroy();
    child.stderr?.destroy();
  }, patienceMs);
  await ended.catch(() => undefined);
  clearTimeout(timer);
}

/**
 * Processes of this machine whose environment, arguments or working folder name `folder`; the caller itself is left out. Where
 * there is no /proc, by their arguments alone.
 */
export function processesOf(folder: string): number[] {
  const linked = (path: string) => {
    try {
      return readlinkSync(path);
    } catch {
      return '';
    }
  };
  return allProcesses().filter((pid) => {
    if (pid === process.pid) return false;
    const told = [read(`/proc/${pid}/environ`), commandOf(pid), linked(`/proc/${pid}/cwd`)];
    return told.some((text) => text.includes(folder));
  });
}

/** The numbers of all processes that can be seen. */
export function allProcesses(): number[] {
  const names = hasProc ? readdirSync('/proc') : ps('-A', '-o', 'pid=').split('\n');
  return names.map(Number).filter((pid) => Number.isInteger(pid) && pid > 0);
}

/** The arguments of a process, joined by spaces; empty where it is gone. */
export function commandOf(pid: number): string {
  return hasProc ? read(`/proc/${pid}/cmdline`).trim() : ps('-ww', '-o', 'command=', '-p', String(pid)).trim();
}

const hasProc = existsSync('/proc/self/cmdline');

function ps(...args: string[]): string {
  return spawnSync('ps', args, { encoding: 'utf8' }).stdout ?? '';
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8').replaceAll('\0', ' ');
  } catch {
    return ''; // Ended meanwhile, or somebody else's.
  }
}
