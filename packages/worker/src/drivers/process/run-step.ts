import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { createOutputCutter } from '../../builds/output-cutter.js';
import type { Redactor } from '../../logs/redactor.js';
import { DriverError } from '../driver.js';
import { endProcesses, type ProcessFamily, signalMembers } from './end-processes.js';
import { buildFolderVariable } from './environment.js';
import type { ProcessTable } from './process-table.js';

export interface Step {
  /** For the message when it fails, such as `[local] setup`. */
  name: string;
  command: readonly [string, ...string[]];
  /** Where it runs. */
  folder: string;
  environment: Record<string, string>;
  onLine: (text: string) => void;
  /** Knows the secrets that no line may end within. */
  redactor: Pick<Redactor, 'endOf' | 'reach'>;
  signal: AbortSignal;
}

const pipeGraceMs = 1000;

/**
 * Runs a program to its end in its own process group, its output going to `onLine`. Throws `DriverError` with the exit code when it
 * fails, and the signal's reason when aborted. Whatever it leaves running is ended in every case.
 */
export async function runStep(table: ProcessTable, step: Step): Promise<void> {
  const [program, ...argumentList] = step.command;
  step.signal.throwIfAborted();
  const child = spawn(program, argumentList, {
    cwd: step.folder,
    env: step.environment,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const pid = child.pid;
  if (pid === undefined) {
    const [error] = (await once(child, 'error')) as [NodeJS.ErrnoException];
    throw failed(step, `'${program}' could not be started (${error.code})`, error);
  }
  const family: ProcessFamily = {
    leader: { pid, startedAt: table.startedAt(pid) ?? '' },
    marker: { name: buildFolderVariable, value: step.environment[buildFolderVariable] ?? '' },
  };
  const abort = () => signalMembers(table, family, 'SIGKILL');
  step.signal.addEventListener('abort', abort, { once: true });
  const exited = once(child, 'exit') as Promise<[number | null, string | null]>;
  const streams = [child.stdout, child.stderr];
  const read = Promise.all(streams.map((stream) => forward(stream, step)));
  try {
    const [code, signal] = await exited;
    await endProcesses(table, family, () => 0);
    // A process that got away with the pipe must not hold the build.
    const giveUp = setTimeout(() => streams.map((stream) => stream.destroy()), pipeGraceMs);
    await read;
    clearTimeout(giveUp);
    step.signal.throwIfAborted();
    if (code !== 0) throw failed(step, code === null ? `was ended by ${signal}` : `ended with exit code ${code}`);
  } finally {
    step.signal.removeEventListener('abort', abort);
  }
}

async function forward(stream: Readable, { redactor, onLine }: Step): Promise<void> {
  const cutter = createOutputCutter(redactor);
  try {
    for await (const chunk of stream) for (const text of cutter.push(chunk as Buffer)) onLine(text);
  } catch {
    // Destroyed above; what came until then counts.
  }
  for (const text of cutter.rest()) onLine(text);
}

function failed(step: Step, problem: string, cause?: unknown): DriverError {
  const message = `${step.name} failed: ${step.command[0]} ${problem}. Its output is in the build's log.`;
  return new DriverError('PCC_UNKNOWN_ERROR', message, { cause });
}
