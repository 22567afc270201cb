import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { root } from './environment.js';
import { stopChild } from './processes.js';
import type { Resources } from './resources.js';

export const commandLine = join(root, 'packages/cli/bin/pipecat.js');

export interface CommandResult {
  stdout: string;
  /** From the call that starts it until it is gone and its output is read. */
  ms: number;
}

interface RunOptions {
  env: Record<string, string>;
  cwd: string;
}

/** Runs this Node with arguments to its end. Throws with its output where it fails: a failing command is quick, and no result. */
export function runNode(resources: Resources, args: readonly string[], options: RunOptions): Promise<CommandResult> {
  return runProgram(resources, process.execPath, args, options);
}

/** The same for any program. */
export async function runProgram(
  resources: Resources,
  program: string,
  args: readonly string[],
  { env, cwd }: RunOptions,
): Promise<CommandResult> {
  const began = performance.now();
  const child = spawn(program, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  const kill = () => stopChild(child);
  resources.onClose(kill);
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const code = await new Promise<number | string | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (exitCode, signal) => resolve(exitCode ?? signal));
  });
  const ms = performance.now() - began;
  if (code !== 0) throw new Error(`${args.join(' ')} ended with ${code}: ${stdout}${stderr}`);
  return { stdout, ms };
}
