import { existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { createClient } from '@pipecat-cloud/contract/client';
import { plainEnvironment } from './environment.js';
import { inRoot, root, temporaryFolder } from './paths.js';
import { preferredPort } from './ports.js';
import { commandOf, type Running, run } from './processes.js';
import { layPythonEnvironments } from './python-environments.js';
import { until } from './wait.js';

export interface CloudOptions {
  /** Default: a new folder. */
  dataDir?: string;
  /** Default: 7400 where it is free. */
  port?: number;
  /** Its worker makes Python environments itself. */
  makesEnvironments?: boolean;
  /** Variables on top of a plain environment. */
  env?: Record<string, string>;
}

/** An installation as `npm start` runs it, ready. */
export type Cloud = Awaited<ReturnType<typeof startCloud>>;

/** Runs what `npm start` runs, without waiting for anything. */
export function launch(environment: Record<string, string>, home = temporaryFolder('home')): Running {
  return run(process.execPath, [inRoot('scripts/start.mjs')], {
    cwd: root,
    env: plainEnvironment({ HOME: home, ...environment }),
  });
}

/** Starts an installation and resolves once its last line says that it is ready. */
export async function startCloud(options: CloudOptions = {}) {
  const dataDir = options.dataDir ?? join(temporaryFolder('data'), 'data');
  const port = options.port ?? (await preferredPort());
  sharePipCache(dataDir);
  const laysEnvironments = !options.makesEnvironments && !existsSync(join(dataDir, 'worker/venvs'));
  const settings = { PORT: String(port), PIPECAT_CLOUD_DATA_DIR: dataDir };
  // The same on any machine: what the tests deploy is to run without images that no registry here has.
  const process_ = launch({ ...settings, PIPECAT_CLOUD_WORKER_DRIVER: 'process', ...options.env });
  const url = `${options.env?.PIPECAT_CLOUD_TLS_CERT ? 'https' : 'http'}://localhost:${port}`;
  const isReady = () => process_.stdout().includes(`ready ${url}\n`);
  await until('npm start is ready', () => isReady() || !process_.running(), 120_000);
  if (!isReady()) throw new Error(`npm start ended:\n${process_.stdout()}\n${process_.stderr()}`);
  if (laysEnvironments) await layPythonEnvironments(dataDir);
  return {
    process: process_,
    port,
    url,
    dataDir,
    client: (token: string) => createClient({ host: url, token }),
    /** The owner's first token. */
    token: () => readFileSync(join(dataDir, 'bootstrap-token'), 'utf8').trim(),
    /** Number of the supervised process, as it runs now. */
    pid: (part: Part) => pidOf(dataDir, part),
    /** Kills it as a crash would, and resolves once it is gone. */
    async kill(part: Part): Promise<void> {
      const pid = pidOf(dataDir, part);
      if (pid === undefined) throw new Error(`the ${part} does not run`);
      process.kill(pid, 'SIGKILL');
      await until(`the ${part} is gone`, () => pidOf(dataDir, part) !== pid);
    },
    /** Ctrl-C; resolves to the exit code. */
    async stop(): Promise<number | string> {
      process_.child.kill('SIGINT');
      return await process_.ended;
    },
  };
}

export type Part = 'server' | 'worker';

/** The supervisor writes down its children; which is which shows in their command. */
function pidOf(dataDir: string, part: Part): number | undefined {
  const file = join(dataDir, 'supervisor.lock');
  if (!existsSync(file)) return undefined;
  const { children } = JSON.parse(readFileSync(file, 'utf8')) as { children: { pid: number }[] };
  return children.find(({ pid }) => commandOf(pid).includes(`packages/${part}/dist/main.js`))?.pid;
}

/** What pip has downloaded once is kept for the next installation, as it would be on a machine that deploys more than once. */
function sharePipCache(dataDir: string): void {
  const cache = inRoot('node_modules/.cache/pipecat-cloud/pip');
  const place = join(dataDir, 'worker/cache/home/.cache');
  if (existsSync(place)) return;
  mkdirSync(cache, { recursive: true });
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  mkdirSync(place, { recursive: true, mode: 0o700 });
  symlinkSync(cache, join(place, 'pip'));
}
