import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Part } from './cloud.js';
import { plainEnvironment } from './environment.js';
import { inRoot, temporaryFolder } from './paths.js';
import { preferredPort } from './ports.js';

export interface PartsOptions {
  dataDir?: string;
  port?: number;
  env?: Record<string, string>;
}

export type Parts = ReturnType<typeof createParts> extends Promise<infer T> ? T : never;

/** Control plane and worker without a supervisor, so that a test decides for how long one of them is down. */
export async function createParts(options: PartsOptions = {}) {
  const dataDir = options.dataDir ?? join(temporaryFolder('parts'), 'data');
  const port = options.port ?? (await preferredPort());
  const home = temporaryFolder('home');
  const running = new Map<Part, ChildProcess>();
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });

  return {
    dataDir,
    port,
    url: `http://localhost:${port}`,
    token: () => readFileSync(join(dataDir, 'bootstrap-token'), 'utf8').trim(),
    pid: (part: Part) => running.get(part)?.pid,

    /** Resolves once it says that it is ready. Its output goes to a file of the data folder. */
    async start(part: Part): Promise<void> {
      const log = openSync(join(dataDir, `${part}-output.log`), 'a', 0o600);
      const child = fork(inRoot(`packages/${part}/dist/main.js`), [], {
        env: plainEnvironment({ HOME: home, PORT: String(port), PIPECAT_CLOUD_DATA_DIR: dataDir, ...options.env }),
        execArgv: [],
        detached: true,
        stdio: ['ignore', log, log, 'ipc'],
      });
      closeSync(log);
      running.set(part, child);
      child.once('exit', () => running.get(part) === child && running.delete(part));
      await new Promise<void>((resolve, reject) => {
        child.on('message', (message: { type?: string }) => message.type === 'ready' && resolve());
        child.once('exit', (code, signal) => {
          const output = readFileSync(join(dataDir, `${part}-output.log`), 'utf8').slice(-2000);
          reject(new Error(`the ${part} ended (${code ?? signal}) before it was ready: ${output}`));
        });
      });
    },

    /** Kills it as a crash would. */
    async kill(part: Part): Promise<void> {
      await end(running.get(part), 'SIGKILL');
    },

    async close(): Promise<void> {
      await end(running.get('worker'), 'SIGTERM');
      await end(running.get('server'), 'SIGTERM');
    },
  };
}

async function end(child: ChildProcess | undefined, signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
  if (!child || child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill(signal);
  await ended;
}
