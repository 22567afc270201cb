import type { ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Failpoint } from '@pipecat-cloud/contract/failpoint';
import { createRandom, type Random } from '../random.js';
import { type Containers, openContainers } from './containers.js';
import { type DatabaseKind, openPostgres, openSqlite } from './database.js';
import { openFront } from './front.js';
import { watchInstances } from './instances.js';
import { fair, openLink } from './link.js';
import { script } from './paths.js';
import { createPart, type Part, type PartName, processesOf } from './processes.js';
import { createRecorder } from './recorder.js';
import { watchStarvation } from './starvation.js';
import { until } from './wait.js';

export interface WorldOptions {
  /** Everything of the run: evidence, data, what agents tell. */
  folder: string;
  database?: DatabaseKind;
  /** Control planes side by side; more than one on PostgreSQL alone. */
  controlPlanes?: number;
  driver?: string;
  random?: Random;
  /** The data folder; by default in the folder of the run. */
  dataDir?: string;
  /** For both processes of the product. */
  env?: Record<string, string>;
}
export type World = Awaited<ReturnType<typeof openWorld>>;

/** A machine that is hardly busy has others wait, too. */
const noticeableShare = 0.15;

/** An installation of its own: control plane and worker as built, a proxy between them, and whoever watches. */
export async function openWorld(options: WorldOptions) {
  const { folder, driver = 'process', random = createRandom('world') } = options;
  const dataDir = options.dataDir ?? join(folder, 'data');
  const [home, failpoints, clockFile] = [join(folder, 'home'), join(folder, 'failpoints'), join(folder, 'clock')];
  for (const each of [dataDir, home, failpoints]) mkdirSync(each, { recursive: true, mode: 0o700 });
  const { freePort } = (await script('free-port.mjs')) as { freePort: () => Promise<number> };
  const ports = await Promise.all(Array.from({ length: options.controlPlanes ?? 1 }, freePort));
  const front = ports.length > 1 ? await openFront(ports) : undefined;
  const [first = 0] = ports;
  const port = front?.port ?? first;
  const url = `http://127.0.0.1:${port}`;
  const recorder = createRecorder(folder);
  const closeStarvation = watchStarvation(({ at, ms, of }) => {
    if (ms > of * noticeableShare) recorder.take({ at, type: 'starved', ms, of });
  });
  const database = options.database === 'postgres' ? await openPostgres(folder) : openSqlite(dataDir);
  const link = await openLink({ port }, random.stream('link'));
  const { passHandOvers } = (await script('hand-over.mjs')) as {
    passHandOvers(controlPlane: ChildProcess, worker: () => ChildProcess | undefined): void;
  };
  const env = {
    HOME: home,
    PORT: String(first),
    ...(front ? { PIPECAT_CLOUD_PUBLIC_URL: url } : {}),
    PIPECAT_CLOUD_DATA_DIR: dataDir,
    PIPECAT_CLOUD_BOOTSTRAP_EMAIL: 'owner@prove.example',
    PIPECAT_CLOUD_BOOTSTRAP_ORG: 'prove',
    PIPECAT_CLOUD_FAILPOINTS: failpoints,
    // As what npm start has started.
    PIPECAT_CLOUD_SUPERVISOR: randomUUID(),
    PROVE_CLOCK_FILE: clockFile,
    ...database.env,
    ...options.env,
  };
  const containers: Containers | undefined = driver === 'docker' ? await openContainers(folder, recorder) : undefined;
  let kills = 0;
  const make = (name: PartName, own: Record<string, string> = {}, logName: string = name) =>
    createPart({
      name,
      logName,
      env: { ...env, ...own },
      folder,
      onExit: (how) => void (how === 'SIGKILL' && kills++),
      onSpawn: (child) => void (name === 'server' && passHandOvers(child, () => parts.worker.child())),
    });
  const planes = ports.map((own, index) =>
    make('server', { PORT: String(own) }, index === 0 ? 'server' : `server-${index + 1}`),
  );
  const [server] = planes as [Part, ...Part[]];
  const parts = {
    server,
    worker: make('worker', {
      PIPECAT_CLOUD_CONTROL_URL: link.url,
      PIPECAT_CLOUD_WORKER_DRIVER: driver,
      ...containers?.env,
    }),
  };
  const all = [...planes, parts.worker];

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
    /** The control planes, of which `parts.server` is the first; more than one where they are side by side. */
    planes,
    /** The one that runs the agents. */
    leader: (): Part => planes[ports.indexOf(front?.leader() ?? first)] ?? server,
    /** What the processes of the product have printed. */
    logs: [...planes.map((_, index) => (index === 0 ? 'server.log' : `server-${index + 1}.log`)), 'worker.log'].map(
      (name) => join(folder, name),
    ),
    recorder,
    instances: watchInstances(recorder),
    /** How often a process of the product was killed. */
    kills: () => kills,
    ownerToken: () => readFileSync(join(dataDir, 'bootstrap-token'), 'utf8').trim(),

    async start(): Promise<void> {
      for (const part of all) {
        part.start();
        await until(`the ${part.name} is ready`, part.isReady, 60_000);
      }
      await until('the API answers', isServed, 60_000);
    },
    isServed,
    /** Every process of the product runs and has said that it is ready. */
    areReady: () => all.every((part) => part.isReady()),
    /** How often the processes of a part were started. */
    starts: (name: PartName) => all.filter((part) => part.name === name).reduce((sum, part) => sum + part.starts(), 0),
    pids: () => all.map((part) => part.pid()),

    /** The next process that comes by there does this, once. */
    arm: (name: Failpoint, action: string) => writeWhole(join(failpoints, name), `${action}\n`),
    /** Whether it is still to come. */
    armed: (name: Failpoint) => exists(join(failpoints, name)),
    /** Takes it back. False: a process has come by already. */
    disarm: (name: Failpoint) => removed(join(failpoints, name)),

    /** From now on both processes see a wall clock that is so much ahead of the machine's. */
    setClock: (offsetMs: number) => writeWhole(clockFile, String(offsetMs)),

    /** Ends everything, instances too; what is left of them is ended by force, and counted. */
    async close(): Promise<number> {
      link.setWeather(fair);
      for (const part of all) part.signal('SIGCONT');
      await parts.worker.stop('SIGINT');
      for (const part of planes) await part.stop('SIGINT');
      await link.close();
      await front?.close();
      await database.close();
      recorder.read();
      recorder.close();
      closeStarvation();
      await containers?.close(dataDir);
      const left = processesOf(folder);
      for (const pid of left) kill(pid);
      return left.length;
    },
  };
}

/** There at once: a process that looks meanwhile sees what was before, and never an empty file. */
function writeWhole(file: string, text: string): void {
  writeFileSync(`${file}.new`, text);
  renameSync(`${file}.new`, file);
}

function exists(file: string): boolean {
  try {
    readFileSync(file);
    return true;
  } catch {
    return false;
  }
}

function removed(file: string): boolean {
  try {
    rmSync(file);
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
