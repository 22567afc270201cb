import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

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

/** Ends what `run` started and is still there: asks first, then does not. */
export async function endProcesses(): Promise<void> {
  for (const each of [...running]) {
    each.child.kill('SIGTERM');
    const timer = setTimeout(() => each.child.kill('SIGKILL'), 15_000);
    await each.ended.catch(() => undefined);
    clearTimeout(timer);
  }
}

/** Processes of this machine whose environment or working folder names `folder`; the caller itself is left out. */
export function processesOf(folder: string): number[] {
  return readdirSync('/proc').flatMap((name) => {
    const pid = Number(name);
    if (!Number.isInteger(pid) || pid === process.pid) return [];
    try {
      const environment = readFileSync(`/proc/${pid}/environ`, 'latin1');
      const carries = environment.includes(folder) || readlinkSync(`/proc/${pid}/cwd`).startsWith(folder);
      return carries ? [pid] : [];
    } catch {
      return []; // Ended meanwhile, or somebody else's.
    }
  });
}

/** The arguments of a process, joined by spaces; empty where it is gone. */
export function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
  } catch {
    return '';
  }
}
