import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { Failpoint } from '@pipecat-cloud/contract/failpoint';
import { createRandom, type Random } from '../random.js';
import { type Containers, openContainers } from './containers.js';
import { type DatabaseKind, openPostgres, openSqlite } from './database.js';
import { watchInstances } from './instances.js';
import { fair, openLink } from './link.js';
import { createPart, type PartName, processesOf } from './processes.js';
import { createRecorder } from './recorder.js';
import { until } from './wait.js';

export interface WorldOptions {
  /** Everything of the run: evidence, data, what agents tell. */
  folder: string;
  database?: DatabaseKind;
  driver?: string;
  random?: Random;
  /** The data folder; by default in the folder of the run. */
  dataDir?: string;
  /** For both processes of the product. */
  env?: Record<string, string>;
}
export type World = Awaited<ReturnType<typeof openWorld>>;

/** An installation of its own: control plane and worker as built, a proxy between them, and whoever watches. */
export async function openWorld(options: WorldOptions) {
  const { folder, driver = 'process', random = createRandom('world') } = options;
  const dataDir = options.dataDir ?? join(folder, 'data');
  const [home, failpoints, clockFile] = [join(folder, 'home'), join(folder, 'failpoints'), join(folder, 'clock')];
  for (const each of [dataDir, home, failpoints]) mkdirSync(each, { recursive: true, mode: 0o700 });
  const port = await freePort();
  const recorder = createRecorder(folder);
  const database = options.database === 'postgres' ? await openPostgres() : openSqlite(dataDir);
  const link = await openLink({ port }, random.stream('link'));
  const env = {
    HOME: home,
    PORT: String(port),
    PIPECAT_CLOUD_DATA_DIR: dataDir,
    PIPECAT_CLOUD_BOOTSTRAP_EMAIL: 'owner@prove.example',
    PIPECAT_CLOUD_BOOTSTRAP_ORG: 'prove',
    PIPECAT_CLOUD_FAILPOINTS: failpoints,
    PROVE_CLOCK_FILE: clockFile,
    ...database.env,
    ...options.env,
  };
  const containers: Containers | undefined = driver === 'docker' ? await openContainers(folder, recorder) : undefined;
  let kills = 0;
  const make = (name: PartName, own: Record<string, string> = {}) =>
    createPart({ name, env: { ...env, ...own }, folder, onExit: (how) => void (how === 'SIGKILL' && kills++) });
  const parts = {
    server: make('server'),
    worker: make('worker', {
      PIPECAT_CLOUD_CONTROL_URL: link.url,
      PIPECAT_CLOUD_WORKER_DRIVER: driver,
      ...containers?.env,
    }),
  };
  const url = `http://127.0.0.1:${port}`;

  async function isServed(): Promise<boolean> {
    const response = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(2_000) });
    await response.body?.cancel();
    return response.ok;
  }

  return {
    folder,
    dataDir,
    url,
    driver,
    containers,
    database,
    link,
    parts,
    recorder,
    instances: watchInstances(recorder),
    /** How often a process of the product was killed. */
    kills: () => kills,
    ownerToken: () => readFileSync(join(dataDir, 'bootstrap-token'), 'utf8').trim(),

    async start(): Promise<void> {
      for (const part of [parts.server, parts.worker]) {
        part.start();
        await until(`the ${part.name} is ready`, part.isReady, 60_000);
      }
      await until('the API answers', isServed, 60_000);
    },
    isServed,

    /** The next process that comes by there does this, once. */
    arm: (name: Failpoint, action: string) => writeFileSync(join(failpoints, name), `${action}\n`),
    /** Whether it is still to come; `disarm` takes it back and says so too. */
    armed: (name: Failpoint) => exists(join(failpoints, name)),
    disarm: (name: Failpoint) => rmSync(join(failpoints, name), { force: true }),

    /** From now on both processes see a wall clock that is so much ahead of the machine's. */
    setClock: (offsetMs: number) => writeFileSync(clockFile, String(offsetMs)),

    /** Ends everything, instances too; what is left of them is ended by force, and counted. */
    async close(): Promise<number> {
      link.setWeather(fair);
      for (const part of Object.values(parts)) part.signal('SIGCONT');
      await parts.worker.stop('SIGINT');
      await parts.server.stop('SIGINT');
      await link.close();
      await database.close();
      recorder.read();
      recorder.close();
      await containers?.close(dataDir);
      const left = processesOf(folder);
      for (const pid of left) kill(pid);
      return left.length;
    },
  };
}

function exists(file: string): boolean {
  try {
    readFileSync(file);
    return true;
  } catch {
    return false;
  }
}

export function kill(pid: number, signal: NodeJS.Signals = 'SIGKILL'): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It ended meanwhile.
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
