import { spawn } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll } from 'vitest';
import { undescribed } from './described-json.js';

export interface Outcome {
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface RunOptions {
  env?: Record<string, string>;
  /** Piped to standard input, which is then closed. */
  input?: string;
  cwd?: string;
}

export interface TestCli {
  /** A folder of this test file's own; `home` inside it is the HOME of every run. */
  folder: string;
  home: string;
  executable: string;
  run(args: readonly string[], options?: RunOptions): Promise<Outcome>;
  /** Writes a file below the folder and returns its path. */
  file(path: string, content: string, mode?: number): Promise<string>;
}

const packageFolder = fileURLToPath(new URL('../..', import.meta.url));

/** Builds the bundle once per test file and runs it as its users do: a child process with an environment of its own. */
export function useCli(): TestCli {
  const cli: TestCli = { folder: '', home: '', executable: '', run, file };

  beforeAll(async () => {
    cli.folder = await mkdtemp(join(tmpdir(), 'pipecat-cli-test-'));
    cli.home = join(cli.folder, 'home');
    cli.executable = join(cli.folder, 'app/bin/pipecat.js');
    await mkdir(cli.home);
    await cp(join(packageFolder, 'bin'), join(cli.folder, 'app/bin'), { recursive: true });
    await writeFile(join(cli.folder, 'app/package.json'), '{"type":"module"}');
    const { buildCli } = (await import(new URL('../../build.mjs', import.meta.url).href)) as {
      buildCli: (outdir: string) => Promise<void>;
    };
    await buildCli(join(cli.folder, 'app/dist'));
  });
  afterAll(() => rm(cli.folder, { recursive: true, force: true }));

  function run(args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
    return new Promise((resolve, reject) => {
      const child = spawn(process.execPath, [cli.executable, ...args], {
        cwd: options.cwd ?? cli.home,
        env: { PATH: process.env.PATH ?? '', HOME: cli.home, ...options.env },
        stdio: ['pipe', 'pipe', 'pipe'],
      });
      let stdout = '';
      let stderr = '';
      child.stdout.setEncoding('utf8').on('data', (text) => {
        stdout += text;
      });
      child.stderr.setEncoding('utf8').on('data', (text) => {
        stderr += text;
      });
      child.on('error', reject);
      child.on('close', (code) => {
        // Every test that asks for JSON checks its description on the way.
        const fault = code === 0 && args.includes('--json') ? undescribed(args, stdout) : undefined;
        if (fault) reject(new Error(fault));
        else resolve({ code, stdout, stderr });
      });
      // The child may end without reading.
      child.stdin.on('error', () => undefined);
      child.stdin.end(options.input ?? '');
    });
  }

  async function file(path: string, content: string, mode = 0o600): Promise<string> {
    const full = join(cli.folder, path);
    await mkdir(dirname(full), { recursive: true });
    await writeFile(full, content, { mode });
    return full;
  }

  return cli;
}
