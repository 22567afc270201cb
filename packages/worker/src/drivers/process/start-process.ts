import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { open } from 'node:fs/promises';
import { DriverError } from '../driver.js';

export interface StartRequest {
  /** Program and arguments; no shell reads them. */
  command: readonly [string, ...string[]];
  folder: string;
  environment: Record<string, string>;
  /** Both streams are appended to this file by the process itself. */
  output: string;
}

/**
 * Starts a process in its own session and group that outlives this one. Resolves once the program runs; throws `DriverError` when
 * it can't be started. The first event of the child that a caller can miss is `exit`: listen in the same turn.
 */
export async function startProcess(request: StartRequest, started: (child: ChildProcess) => void): Promise<void> {
  const [program, ...argumentList] = request.command;
  const output = await open(request.output, 'a', 0o600);
  try {
    const child = spawn(program, argumentList, {
      cwd: request.folder,
      env: request.environment,
      detached: true,
      stdio: ['ignore', output.fd, output.fd],
    });
    child.unref();
    if (child.pid !== undefined) started(child);
    await once(child, 'spawn');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const reason = code === 'ENOENT' ? 'no such program on the search path' : String(code ?? 'unknown error');
    throw new DriverError(
      'PCC_UNKNOWN_ERROR',
      `The agent's command '${program}' could not be started (${reason}). Install it on the worker's host, or correct [local] command in pcc-deploy.toml.`,
      { cause: error },
    );
  } finally {
    await output.close();
  }
}
