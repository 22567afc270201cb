import { type ChildProcess, execFileSync, type StdioOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { Resources } from './resources.js';

export interface NodeProcess {
  child: ChildProcess;
  pid: number;
  /** What it said when it was ready. */
  ready: { type: 'ready'; port?: number };
  /** What it had to say to the person at the terminal, so far. */
  notices: readonly string[];
  stop(): Promise<void>;
}

export interface NodeProcessOptions {
  name: string;
  file: string;
  env: Record<string, string>;
  /** Its output goes to a file in this folder. */
  folder: string;
  /** Keeps it on this processor, where the machine lets us. */
  core?: number;
  /** For Node itself. */
  nodeArguments?: readonly string[];
}

const stopDeadlineMs = 15_000;

/** Starts a module in a Node process of its own; resolves once it says that it is ready, rejects when it ends before. */
export async function startNode(resources: Resources, options: NodeProcessOptions): Promise<NodeProcess> {
  const { name, file, env, folder, core, nodeArguments = [] } = options;
  const output = join(folder, `${name}-output.log`);
  const log = openSync(output, 'a', 0o600);
  const stdio: StdioOptions = ['ignore', log, log, 'ipc'];
  const [program, args] = pinned(core, process.execPath, [...nodeArguments, file]);
  // A process group of its own: Ctrl-C reaches only us, and we stop things in order.
  const child = spawn(program, args, { env, stdio, detached: true });
  closeSync(log);
  const stop = () => stopChild(child);
  resources.onClose(stop);
  const notices: string[] = [];
  child.on('message', (message: { type: string; text?: string }) => {
    if (message.type === 'notice' && message.text !== undefined) notices.push(message.text);
  });
  const ready = await new Promise<NodeProcess['ready']>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      const said = readFileSync(output, 'utf8').slice(-2000);
      reject(new Error(`The ${name} ended (${code ?? signal}) before it was ready: ${said}`));
    });
    child.on('message', (message: NodeProcess['ready']) => message.type === 'ready' && resolve(message));
  });
  return { child, pid: child.pid ?? 0, ready, notices, stop };
}

/** Asks, then does not ask. Resolves once it is gone. */
export async function stopChild(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), stopDeadlineMs);
  await gone;
  clearTimeout(timer);
}

/** The command that runs a program on one processor; on a machine that can't do that, the program's own. */
function pinned(core: number | undefined, program: string, args: string[]): [string, string[]] {
  const possible = core !== undefined && core < availableParallelism() && existsSync('/usr/bin/taskset');
  return possible ? ['/usr/bin/taskset', ['-c', String(core), program, ...args]] : [program, args];
}

/** Processor time that a process has used since its start, in milliseconds; undefined where there is no /proc. */
export function cpuMs(pid: number): number | undefined {
  if (!existsSync('/proc/self/stat')) return undefined;
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The name in brackets may have anything in it; what follows starts with the third field.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const ticksPerSecond = 100;
  return ((Number(fields[11]) + Number(fields[12])) / ticksPerSecond) * 1000;
}

/** Resident memory of a process in megabytes of 1,000,000 bytes. */
export function residentMb(pid: number): number {
  const kibibytes = existsSync('/proc/self/status')
    ? /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
    : execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' });
  return (Number(kibibytes) * 1024) / 1e6;
}
