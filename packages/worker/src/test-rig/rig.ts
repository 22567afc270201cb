import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Activation, InstanceSpec } from '@pipecat-cloud/contract/worker';
import { pino } from 'pino';
import { vi } from 'vitest';
import { compose, type Worker } from '../compose.js';
import type { Driver } from '../drivers/driver.js';
import { createFakeWorld } from '../testing/fake-driver.js';
import type { Timings } from '../timings.js';
import { goodToken, startFakeControl } from './fake-control.js';
import { createStubAgents } from './stub-agent.js';

const quick: Partial<Timings> = {
  observeMs: 100,
  leastMs: 1,
  usageMs: 20,
  probeStartMs: 5,
  probeIdleMs: 20,
  // An idle instance that seems not to answer takes no session.
  probeTimeoutMs: 60_000,
  relayGraceMs: 50,
  // A test ends the instance by hand.
  exitLookMs: 1_000,
  stopGraceSeconds: 0.2,
  logBatchMs: 5,
  backoffMinMs: 5,
  backoffMaxMs: 20,
  keptMs: 100,
  unusedImagesMs: 100,
  orderMs: 60_000,
  drainMs: 60_000,
};

export interface RigOptions {
  timings?: Partial<Timings>;
  /** Puts something between the worker and the fake driver. */
  wrapDriver?: (driver: Driver) => Driver | Promise<Driver>;
  /** Builds at once. */
  places?: number;
  /** KiB of log a second that an instance may write; no limit by default. */
  logRateKib?: number;
  supervisor?: string;
  /** Written as the enrolment file; undefined writes none. */
  enrolmentToken?: string | undefined;
}

/** A worker on a folder of its own, with fake instances and a fake control plane. `restart` composes it anew on the same folder. */
export async function startRig(options: RigOptions = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'worker-'));
  const control = await startFakeControl();
  const agents = createStubAgents();
  const world = createFakeWorld(agents.agent);
  const logged: string[] = [];
  const log = pino({ level: 'debug' }, { write: (line: string) => void logged.push(line) });
  const enrolmentFile = join(folder, 'enrolment');
  const token = 'enrolmentToken' in options ? options.enrolmentToken : goodToken;
  if (token !== undefined) await writeFile(enrolmentFile, token);
  const workerDir = join(folder, 'worker');
  let worker: Worker;

  function open(): Worker {
    const config = {
      controlUrl: control.url,
      workerDir,
      name: 'test',
      enrolmentFile,
      dataHost: '127.0.0.1',
      dataPort: 0,
      logLevel: 'silent',
      supervisor: options.supervisor,
      logRateKib: options.logRateKib ?? 0,
      driver: 'process' as const,
      engine: undefined,
      environment: {},
      secretsDir: join(folder, 'secrets'),
      passEnvironment: [],
      imageDays: 0,
      networksApart: false,
      builds: { places: options.places ?? 1, cacheLimitBytes: 0, baseImages: 'registry' as const },
    };
    const driver = async () => await (options.wrapDriver ?? ((same: Driver) => same))(world.open());
    worker = compose(config, { log, driver, timings: { ...quick, ...options.timings } });
    return worker;
  }

  async function makeReady(instanceId: string, change: Partial<InstanceSpec> = {}): Promise<void> {
    await control.command({ do: 'ensure', spec: specOf(instanceId, change) });
    await control.whenObserved(instanceId, 'ready');
  }

  open();
  return {
    control,
    agents,
    world,
    workerDir,
    secretsDir: join(folder, 'secrets'),
    enrolmentFile,
    logged,
    ready: () => worker.ready,
    makeReady,
    activate: (change: Partial<Activation> & Pick<Activation, 'instanceId'>) =>
      control.command({ do: 'activate', activation: activationOf(change) }),
    /** The bot that the n-th `/bot` of an instance started. */
    bot: (instanceId: string, at = 0) =>
      vi.waitFor(
        () => {
          const call = agents.of(instanceId).bots[at];
          if (!call) throw new Error(`instance ${instanceId} has seen ${agents.of(instanceId).bots.length} /bot`);
          // That it has one is told a moment later. A bot that has finished by then could not be told from one that never was.
          if (control.instance(instanceId)?.state === 'ready') throw new Error(`${instanceId} is not told to be busy`);
          return call;
        },
        { interval: 5 },
      ),
    dataUrl: (): string => {
      const hello = control.messages.findLast((message) => message.type === 'hello');
      if (hello?.type !== 'hello') throw new Error('the worker has not said hello');
      return hello.dataUrl;
    },
    /** As the process that has started it tells it. */
    tellWorker: (message: unknown, handle?: unknown) => worker.receive(message, handle),
    stopWorker: () => worker.close(),
    /** Composes a worker on what the one before left, and forgets what that one said. */
    async startWorker(): Promise<void> {
      control.messages.length = 0;
      await open().ready;
    },
    async close(): Promise<void> {
      await worker.close();
      await world.close();
      await control.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
export type Rig = Awaited<ReturnType<typeof startRig>>;

/** A spec that every fake driver can make. */
export function specOf(instanceId: string, change: Partial<InstanceSpec> = {}): InstanceSpec {
  return {
    instanceId,
    organizationId: 'org-1',
    agentId: 'agent-1',
    agentName: 'bot',
    deploymentId: 'dep-1',
    source: { type: 'image', image: 'any' },
    cpuMillicores: 500,
    memoryMib: 512,
    environment: {},
    startTimeoutSeconds: 30,
    ...change,
  };
}

/** Session `s-1` by epoch 1 through `/bot`, where not said otherwise. */
export function activationOf(change: Partial<Activation> & Pick<Activation, 'instanceId'>): Activation {
  return {
    epoch: 1,
    sessionId: 's-1',
    entry: 'bot',
    body: {},
    maxSessionSeconds: 3600,
    connectTimeoutSeconds: 60,
    ...change,
  };
}

/** The base image's line, newline included (contract §9.7). */
export const stopMarker = (sessionId: string): string =>
  `2026-04-20 10:00:00.123 | INFO     | app:run:42 | ${sessionId} - Stopping bot session with metadata: ${JSON.stringify({ session_id: sessionId, image_version: '1' })}\n`;
