import { createInterface } from 'node:readline';
import { inRoot } from '../src/support/paths.js';
import { run } from '../src/support/processes.js';

/** One run of a published program. */
export interface Launch {
  /** Path of the program, then its arguments. */
  argv: readonly string[];
  env: Readonly<Record<string, string>>;
  cwd: string;
  /** Written to standard input. */
  input?: string;
  /** Runs in a terminal: waits for each text and types the keys. */
  answers?: readonly (readonly [waitFor: string, keys: string])[];
}

export interface Outcome {
  /** Negative: the signal that ended it. */
  code: number;
  stdout: string;
  stderr: string;
  /** All that it printed on one line: without frames, each run of blanks as one. */
  text: string;
}

export type Driver = ReturnType<typeof startDriver>;

/**
 * Starts python/driver.py, which runs programs of that Python's environment without importing their libraries each time. Whom to
 * trust has to be known when those are imported.
 */
export function startDriver(python: string, caFile: string) {
  const started = run(python, [inRoot('e2e/official/python/driver.py')], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, SSL_CERT_FILE: caFile },
  });
  const waiting = new Map<number, (result: Omit<Outcome, 'text'>) => void>();
  let last = 0;
  if (started.child.stdout) {
    createInterface(started.child.stdout).on('line', (line) => {
      const { id, ...result } = JSON.parse(line) as { id: number } & Omit<Outcome, 'text'>;
      waiting.get(id)?.(result);
      waiting.delete(id);
    });
  }
  return {
    /** Resolves once it has ended; it is ended after ten minutes. */
    async launch(launch: Launch): Promise<Outcome> {
      if (!started.running()) throw new Error(`the driver has ended: ${started.stderr()}`);
      last += 1;
      const id = last;
      const result = await new Promise<Omit<Outcome, 'text'>>((resolve, reject) => {
        waiting.set(id, resolve);
        started.ended.then(() => reject(new Error(`the driver ended: ${started.stderr()}`)), reject);
        started.child.stdin?.write(`${JSON.stringify({ id, seconds: 600, ...launch })}\n`);
      });
      return { ...result, text: flatten(`${result.stdout} ${result.stderr}`) };
    },
  };
}

/** Without the frames of tables and panels, and on one line. */
export function flatten(text: string): string {
  return text
    .replaceAll(/[\u2500-\u257f]/g, ' ')
    .replaceAll(/\s+/g, ' ')
    .trim();
}
