import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import type { InstanceSpec } from '@pipecat-cloud/contract/worker';
import { type Driver, DriverError, type DriverInstance, type DriverLogLine } from '../drivers/driver.js';
import { createKeyedQueue } from '../drivers/process/keyed-queue.js';
import { type CutLine, createLineCutter } from '../drivers/process/lines.js';

/** What a fake instance does with what reaches its port. */
export interface FakeAgent {
  request: RequestListener;
  upgrade?: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
}

interface FakeInstance {
  spec: InstanceSpec;
  server: Server;
  present: DriverInstance;
  output: Buffer;
  endAt: number;
}

export type FakeWorld = ReturnType<typeof createFakeWorld>;

/**
 * Instances that are HTTP servers in this process. The world outlives its drivers as a machine outlives its worker: `open()`
 * after `close()` of the one before is a restart. With `STUBBORN=1` in its environment an instance ignores the polite request
 * to end. Any image runs; a build has to be built.
 */
export function createFakeWorld(agent: (spec: InstanceSpec) => FakeAgent = () => ({ request: answerReady })) {
  const instances = new Map<string, FakeInstance>();
  const builds = new Map<string, string>();
  const failures: Error[] = [];
  const ensured: InstanceSpec[] = [];
  const inTurn = createKeyedQueue();
  let listeners: ((instanceId: string) => void)[] = [];

  function found(instanceId: string): FakeInstance {
    const instance = instances.get(instanceId);
    if (!instance) throw new Error(`no fake instance ${instanceId}`);
    return instance;
  }

  function end(instanceId: string, code: number | null, signal: string | null, engineWords?: string): void {
    const instance = instances.get(instanceId);
    if (!instance || instance.present.state === 'exited') return;
    const { address: _, ...present } = instance.present;
    const exit = { code, signal, at: new Date().toISOString(), ...(engineWords === undefined ? {} : { engineWords }) };
    instance.present = { ...present, state: 'exited', exit };
    instance.server.close();
    instance.server.closeAllConnections();
    for (const listener of listeners) listener(instanceId);
  }

  async function start(spec: InstanceSpec): Promise<void> {
    ensured.push(spec);
    const failure = failures.shift();
    if (failure) throw failure;
    if (spec.source.type === 'build' && !builds.has(spec.source.buildId)) {
      throw new DriverError('PCC_IMAGE_NOT_FOUND', `Build ${spec.source.buildId} is not on this worker.`);
    }
    const { request, upgrade } = agent(spec);
    const server = createServer(request);
    if (upgrade) server.on('upgrade', upgrade);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { instanceId, organizationId, agentId, agentName, deploymentId } = spec;
    const labels = { instanceId, organizationId, agentId, agentName, deploymentId };
    const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const present: DriverInstance = { instanceId, state: 'running', address, labels };
    instances.set(instanceId, { spec, server, present, output: Buffer.alloc(0), endAt: Number.POSITIVE_INFINITY });
  }

  async function kill(instanceId: string, graceSeconds: number): Promise<void> {
    const instance = instances.get(instanceId);
    if (!instance || instance.present.state === 'exited') return;
    if (instance.spec.environment.STUBBORN !== '1') return end(instanceId, 0, null);
    instance.endAt = Math.min(instance.endAt, performance.now() + graceSeconds * 1000);
    while (performance.now() < instance.endAt) await delay(5);
    end(instanceId, null, 'SIGKILL');
  }

  async function* logs(instanceId: string, position: number, signal: AbortSignal): AsyncGenerator<DriverLogLine> {
    const cutter = createLineCutter(position);
    const line = ({ end: at, ...cut }: CutLine) => ({ position: at, time: new Date(), ...cut });
    for (let offset = position; !signal.aborted; await delay(5)) {
      const instance = instances.get(instanceId);
      const chunk = instance?.output.subarray(offset) ?? Buffer.alloc(0);
      offset += chunk.length;
      for (const cut of cutter.push(chunk)) yield line(cut);
      if (instance?.present.state === 'running') continue;
      const rest = cutter.rest();
      if (rest) yield line(rest);
      return;
    }
  }

  return {
    /** What was asked for, with the environment. */
    ensured,
    /** A driver on this world; close the one before first. */
    open(): Driver {
      const mine: typeof listeners = [];
      listeners = mine;
      return {
        kind: 'fake',
        runs: undefined,
        check: async () => undefined,
        async ensure(spec, signal) {
          signal.throwIfAborted();
          await inTurn(spec.instanceId, async () => {
            if (!instances.has(spec.instanceId)) await start(spec);
          });
        },
        async remove(instanceId, { graceSeconds }) {
          await kill(instanceId, graceSeconds);
          instances.delete(instanceId);
        },
        kill: (instanceId, { graceSeconds }) => kill(instanceId, graceSeconds),
        list: async () => [...instances.values()].map(({ present }) => present),
        onExit: (listener) => void mine.push(listener),
        logEnd: async (instanceId) => instances.get(instanceId)?.output.length ?? 0,
        logs,
        async maskOutput(instanceId, { from, to }, mask) {
          const output = instances.get(instanceId)?.output.subarray(from, to);
          if (output) mask(output)?.copy(output);
        },
        async secrets(instanceId) {
          const instance = instances.get(instanceId);
          return instance?.present.state === 'running' ? instance.spec.environment : {};
        },
        usage: async (instanceId) =>
          instances.get(instanceId)?.present.state === 'running' ? { cpuMs: 10, memoryBytes: 1024 } : undefined,
        async build(order, context, onLine, signal) {
          signal.throwIfAborted();
          if (builds.get(order.buildId) === order.contextSha256) return {};
          const hash = createHash('sha256');
          for await (const chunk of await context(signal)) hash.update(chunk);
          if (hash.digest('hex') !== order.contextSha256) {
            throw new DriverError('PCC_UNKNOWN_ERROR', "The build's context did not arrive as it was uploaded.");
          }
          onLine(`built ${order.buildId}`);
          builds.set(order.buildId, order.contextSha256);
          return {};
        },
        async forgetBuild(buildId) {
          builds.delete(buildId);
        },
        keptBuilds: async () => [...builds.keys()],
        async close() {
          mine.length = 0;
        },
      };
    },
    /** The next `ensure` that would make an instance fails with this. */
    failNextEnsure(error: Error): void {
      failures.push(error);
    },
    /** As if somebody had removed it by hand. */
    loseBuild: (buildId: string) => builds.delete(buildId),
    /** Appends to an instance's output, newlines and all. */
    print(instanceId: string, output: string | Uint8Array): void {
      const instance = found(instanceId);
      instance.output = Buffer.concat([instance.output, Buffer.from(output)]);
    },
    /** An instance ends by itself. */
    exit(instanceId: string, code: number | null, engineWords?: string): void {
      found(instanceId);
      end(instanceId, code, null, engineWords);
    },
    specOf: (instanceId: string) => found(instanceId).spec,
    /** Ends all instances. */
    close(): void {
      listeners = [];
      for (const instanceId of instances.keys()) end(instanceId, null, 'SIGKILL');
    },
  };
}

const answerReady: RequestListener = (request, response) => {
  response.writeHead(request.url === '/readyz' ? 200 : 404, { 'content-type': 'application/json' }).end('{}');
};
