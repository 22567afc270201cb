import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { inRoot, temporaryFolder } from './paths.js';
import { run } from './processes.js';

export interface CliResult {
  code: number | string;
  stdout: string;
  stderr: string;
  /** The one JSON document that `--json` prints. */
  json<T>(): T;
}

export interface CliOptions {
  cwd?: string;
  env?: Record<string, string>;
  /** Written to standard input, which is closed at once otherwise. */
  input?: string;
}

export type Cli = ReturnType<typeof createCli>;

/**
 * The built command line as a child process: empty home, no terminal, and nothing in the environment but PATH, the
 * token and, where the port is not the default one, the address.
 */
export function createCli({ token, port }: { token?: string; port: number }) {
  const home = join(temporaryFolder('cli'), 'home');
  mkdirSync(home);
  const everything: string[] = [];

  async function cli(args: readonly string[], options: CliOptions = {}): Promise<CliResult> {
    const started = run(process.execPath, [inRoot('packages/cli/bin/pipecat.js'), 'cloud', ...args], {
      cwd: options.cwd ?? home,
      env: {
        PATH: process.env.PATH,
        HOME: home,
        ...(token === undefined ? {} : { PIPECAT_TOKEN: token }),
        ...(port === 7400 ? {} : { PIPECAT_API_HOST: `http://localhost:${port}` }),
        ...options.env,
      },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    started.child.stdin?.on('error', () => undefined); // It may end without reading.
    started.child.stdin?.end(options.input ?? '');
    const code = await started.ended;
    const [stdout, stderr] = [started.stdout(), started.stderr()];
    everything.push(stdout, stderr);
    return { code, stdout, stderr, json: <T>() => JSON.parse(stdout) as T };
  }

  return Object.assign(cli, {
    home,
    /** All that it ever printed. */
    printed: () => everything.join('\n'),
    /** Runs a command that must succeed. Throws with its output where it does not. */
    async ok(args: readonly string[], options?: CliOptions): Promise<CliResult> {
      const result = await cli(args, options);
      if (result.code !== 0) {
        throw new Error(
          `pipecat cloud ${args.join(' ')} ended with ${result.code}:\n${result.stdout}\n${result.stderr}`,
        );
      }
      return result;
    },
    /** The same with `--json`, parsed. */
    async json<T>(args: readonly string[], options?: CliOptions): Promise<T> {
      return (await this.ok([...args, '--json'], options)).json<T>();
    },
  });
}
