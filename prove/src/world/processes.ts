import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { inRoot, plainEnvironment, script } from './paths.js';
import { pause } from './wait.js';

export type PartName = 'server' | 'worker';
export type Part = ReturnType<typeof createPart>;

export interface PartOptions {
  name: PartName;
  /** Its log is named so; by default as the part is. */
  logName?: string;
  /** On top of a plain environment. */
  env: Record<string, string>;
  /** Where its output goes. */
  folder: string;
  onExit?: (how: string) => void;
  onSpawn?: (child: ChildProcess) => void;
}

/** One process of the product, as built, started again whenever it ends until it is told to stay down. */
export function createPart({ name, logName = name, env, folder, onExit, onSpawn }: PartOptions) {
  let child: ChildProcess | undefined;
  let wanted = false;
  let ready = false;
  let downMs = 200;
  let starts = 0;

  function launch(): void {
    const log = openSync(join(folder, `${logName}.log`), 'a', 0o600);
    const started = spawn(
      process.execPath,
      [
        '--max-semi-space-size=8',
        '--import',
        inRoot('prove/dist/world/clock-offset.js'),
        inRoot(`packages/${name}/dist/main.js`),
      ],
      { env: plainEnvironment(env), detached: true, stdio: ['ignore', log, log, 'ipc'] },
    );
    closeSync(log);
    child = started;
    onSpawn?.(started);
    starts++;
    started.on('message', (message: { type?: string }) => {
      if (message.type === 'ready' && child === started) ready = true;
    });
    started.once('exit', (code, signal) => {
      ready = false;
      child = undefined;
      onExit?.(String(signal ?? code));
      if (wanted) void pause(downMs).then(() => (wanted && !child ? launch() : undefined));
    });
  }

  async function end(signal: 'SIGKILL' | 'SIGTERM' | 'SIGINT'): Promise<void> {
    const running = child;
    if (!running) return;
    const ended = once(running, 'exit');
    running.kill('SIGCONT');
    running.kill(signal);
    const forced = setTimeout(() => running.kill('SIGKILL'), 60_000);
    await ended;
    clearTimeout(forced);
  }

  return {
    name,
    pid: () => child?.pid,
    child: () => child,
    starts: () => starts,
    /** The process that runs now has said so. */
    isReady: () => ready,
    /** Starts it, and from now on again and again. */
    start(): void {
      wanted = true;
      if (!child) launch();
    },
    /** As a crash would end it; it comes back after so long. */
    async crash(forMs = 200): Promise<void> {
      downMs = forMs;
      await end('SIGKILL');
    },
    signal(name: NodeJS.Signals): void {
      child?.kill(name);
    },
    /** Ends it for good. With SIGINT the worker takes its instances with it. */
    async stop(signal: 'SIGTERM' | 'SIGINT' | 'SIGKILL'): Promise<void> {
      wanted = false;
      await end(signal);
    },
  };
}

/** As `npm test` looks for what is left: processes whose environment, arguments or working folder name a folder, this one aside. */
export const { processesOf } = (await script('processes.mjs')) as { processesOf(folder: string): number[] };
