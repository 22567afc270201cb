import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';

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

/** As `npm test` looks for what is left; not compiled. */
export const { processesOf, allProcesses, commandOf } = (await import(
  new URL('../../../scripts/lib/processes.mjs', import.meta.url).href
)) as {
  processesOf(folder: string): number[];
  allProcesses(): number[];
  commandOf(pid: number): string;
};
