import { setTimeout as delay } from 'node:timers/promises';
import {
  type Command,
  type CommandRefusal,
  type ControlMessage,
  type ObservedInstance,
  type Report,
  type WorkerMessage,
  type WorkerStatus,
  workerFrameLimit,
  workerProtocolVersion,
} from '@pipecat-cloud/contract/worker';
import type { Logger } from 'pino';
import type { WebSocket } from 'ws';
import { type Ids, monotonicMs } from '../system.js';
import type { WorkerScope } from './worker-repository.js';

/** The worker said no. The command had no effect. */
export class CommandRefused extends Error {
  readonly refusal: CommandRefusal;
  constructor(refusal: CommandRefusal, message: string) {
    super(message);
    this.name = 'CommandRefused';
    this.refusal = refusal;
  }
}
/** No answer: the command may or may not have taken effect. Repeat it, or ask the worker's state. */
export class WorkerUnreachable extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'WorkerUnreachable';
  }
}

export interface ChannelDeps {
  log: Logger;
  ids: Ids;
  installationId: string;
  hopPublicKey: string;
  /** Applies a report; it is acknowledged once this has resolved, and comes again when it has not. */
  applyReport: (report: Report, worker: ConnectedWorker) => Promise<void>;
  /** Whether workers are taken: not while another control plane on the same database runs the agents. */
  accepting: () => boolean;
  /** A worker has said what its machine is. */
  onHello: (worker: ConnectedWorker & { architecture: string | undefined }) => void;
  /** A worker has said of which builds it holds something. */
  onKeptBuilds: (worker: ConnectedWorker, builds: readonly string[]) => void;
  /** A worker connected or its instances changed. */
  onChange: () => void;
}

/** Who is at the other end. Without a scope it runs agents of every organization, in the installation's own region. */
export interface ConnectedWorker {
  workerId: string;
  scope: WorkerScope | undefined;
}
export interface Place {
  /** Absent: the installation's own region. */
  scope?: WorkerScope | undefined;
  /** Absent: any. */
  architecture?: string | null | undefined;
}

interface Connection extends ConnectedWorker {
  socket: WebSocket;
  driver: string;
  dataUrl: string;
  architecture: string | undefined;
  instances: Map<string, ObservedInstance> | undefined;
  pending: Map<string, { resolve: () => void; reject: (error: Error) => void }>;
  /** Instances whose spec this connection has carried: a worker that restarted has lost the secrets of the others. */
  ensured: Set<string>;
  queue: Promise<void>;
  /** Log lines on their way into the store. */
  storing: Set<Promise<void>>;
  status: WorkerStatus | undefined;
}

async function track(connection: Connection, work: Promise<void>): Promise<void> {
  connection.storing.add(work);
  await work.finally(() => connection.storing.delete(work));
}

const commandTimeoutMs = 30_000;
const heartbeatMs = 3_000;
const logRetryMs = 250;
const retryMs = 500;

/** The WebSocket that workers dial: commands out, state and reports in. One connection a worker; the newest counts. */
export function createWorkerChannel(deps: ChannelDeps) {
  const { log, ids, installationId, hopPublicKey, applyReport, accepting } = deps;
  const { onHello, onKeptBuilds, onChange } = deps;
  const connections = new Map<string, Connection>();
  const listeners = new Set<() => void>();
  const openedAtMs = monotonicMs();
  /** When workers, and those of a place, were last here. */
  const lastHere = new Map<string, number>();

  function changed(): void {
    for (const listener of [...listeners]) listener();
    onChange();
  }

  function send(connection: Connection, message: ControlMessage): void {
    connection.socket.send(JSON.stringify(message));
  }

  /** Tried again while the link is there: a database that is locked, or a full disk, must not cut off the worker's sessions. */
  async function applyPatiently(connection: Connection, report: Report): Promise<void> {
    const { socket, workerId } = connection;
    for (;;) {
      try {
        return await applyReport(report, connection);
      } catch (error) {
        if (socket.readyState !== socket.OPEN) throw error;
        log.error({ err: error, workerId, report: report.type }, 'a report could not be applied; it is tried again');
      }
      await delay(retryMs);
    }
  }

  function applyInOrder(connection: Connection, number: number, report: Report): void {
    connection.queue = connection.queue
      .then(() => applyPatiently(connection, report))
      .then(() => send(connection, { type: 'acknowledge', numbers: [number] }))
      // The link is gone; on the next one it comes again.
      .catch(() => connection.socket.terminate());
  }

  /**
   * Log lines wait for nothing and hold nothing up: a disk that takes no more of them must not keep an end of a session from being
   * recorded. They are tried until they are stored or the link is gone; meanwhile the worker reads no more of that instance.
   */
  async function applyLogs(connection: Connection, number: number, report: Report): Promise<void> {
    for (let failures = 0; connection.socket.readyState === connection.socket.OPEN; failures++) {
      try {
        await applyReport(report, connection);
        return send(connection, { type: 'acknowledge', numbers: [number] });
      } catch (error) {
        if (failures % 60 === 0)
          log.error({ err: error, workerId: connection.workerId }, 'log lines could not be stored; trying again');
        await delay(Math.min(logRetryMs * 2 ** failures, 2000), undefined, { ref: false });
      }
    }
  }

  function receive(connection: Connection, message: WorkerMessage): void {
    switch (message.type) {
      case 'hello':
        if (message.version !== workerProtocolVersion) {
          log.error(
            { workerId: connection.workerId, version: message.version },
            'a worker of another version was turned away',
          );
          connection.socket.close(4400, 'protocol version');
          return;
        }
        connection.driver = message.driver;
        connection.dataUrl = dataUrlOf(message.dataUrl);
        if (connection.dataUrl === '') {
          log.error(
            { workerId: connection.workerId },
            'a worker whose data port is no http(s)://host:port was turned away',
          );
          connection.socket.close(4400, 'data url');
          return;
        }
        connection.architecture = message.architecture?.slice(0, 32);
        onHello(connection);
        return;
      case 'observed':
        connection.instances = new Map(message.instances.map((instance) => [instance.instanceId, instance]));
        changed();
        return;
      case 'kept-builds':
        if (Array.isArray(message.builds))
          onKeptBuilds(
            connection,
            message.builds.filter((id) => typeof id === 'string'),
          );
        return;
      case 'answer': {
        const waiting = connection.pending.get(message.id);
        connection.pending.delete(message.id);
        if (message.ok) waiting?.resolve();
        else waiting?.reject(new CommandRefused(message.refusal, message.message));
        return;
      }
      case 'status':
        connection.status = message.status;
        return;
      case 'report':
        if (message.report.type === 'logs')
          void track(connection, applyLogs(connection, message.number, message.report));
        else applyInOrder(connection, message.number, message.report);
    }
  }

  function watchHeartbeat(connection: Connection): void {
    let alive = true;
    connection.socket.on('pong', () => {
      alive = true;
    });
    const timer = setInterval(() => {
      if (!alive) return connection.socket.terminate();
      alive = false;
      connection.socket.ping();
    }, heartbeatMs);
    connection.socket.once('close', () => clearInterval(timer));
  }

  function drop(connection: Connection): void {
    for (const { reject } of connection.pending.values()) reject(new WorkerUnreachable('The link to the worker broke'));
    connection.pending.clear();
    if (connections.get(connection.workerId) !== connection) return;
    connections.delete(connection.workerId);
    for (const key of [connection.workerId, placeKey(connection.scope)]) lastHere.set(key, monotonicMs());
    log.warn({ workerId: connection.workerId }, 'worker disconnected');
    changed();
  }

  return {
    maxPayload: workerFrameLimit,

    accept(socket: WebSocket, { workerId, scope }: ConnectedWorker): void {
      if (!accepting()) {
        socket.close(4503, 'another control plane runs the agents');
        return;
      }
      const connection: Connection = {
        workerId,
        scope,
        socket,
        driver: '',
        dataUrl: '',
        architecture: undefined,
        instances: undefined,
        pending: new Map(),
        ensured: new Set(),
        queue: Promise.resolve(),
        storing: new Set(),
        status: undefined,
      };
      connections.get(workerId)?.socket.terminate();
      connections.set(workerId, connection);
      socket.on('error', (error) => log.warn({ err: error, workerId }, 'worker link failed'));
      socket.once('close', () => drop(connection));
      socket.on('message', (data) => {
        const message = parse(String(data));
        if (message) receive(connection, message);
        else socket.close(4400, 'not a message of this protocol');
      });
      watchHeartbeat(connection);
      send(connection, { type: 'welcome', version: workerProtocolVersion, workerId, installationId, hopPublicKey });
      log.info({ workerId }, 'worker connected');
    },

    /** Resolves with the worker's yes; throws `CommandRefused` or `WorkerUnreachable`. */
    async command(workerId: string, command: Command): Promise<void> {
      const connection = connections.get(workerId);
      if (!connection) throw new WorkerUnreachable('The worker is not connected');
      const id = ids.id();
      if (command.do === 'ensure') connection.ensured.add(command.spec.instanceId);
      await new Promise<void>((resolve, reject) => {
        const timer = setTimeout(() => {
          connection.pending.delete(id);
          reject(new WorkerUnreachable(`The worker did not answer '${command.do}' in time`));
        }, commandTimeoutMs);
        const settle =
          <T extends unknown[]>(then: (...args: T) => void) =>
          (...args: T) => {
            clearTimeout(timer);
            then(...args);
          };
        connection.pending.set(id, { resolve: settle(resolve), reject: settle(reject) });
        send(connection, { type: 'command', id, command });
      });
    },

    /** Workers that have said what they run, by id. */
    observed(): ReadonlyMap<string, ReadonlyMap<string, ObservedInstance>> {
      const known = [...connections.values()].flatMap(({ workerId, instances }) =>
        instances ? [[workerId, instances] as const] : [],
      );
      return new Map(known);
    },

    /**
     * Where an instance runs now, among the workers that are connected. What a worker of another organization's region says of an
     * instance does not count.
     */
    locate(organizationId: string, instanceId: string): { workerId: string; instance: ObservedInstance } | undefined {
      for (const { workerId, scope, instances } of connections.values()) {
        if (scope && scope.organizationId !== organizationId) continue;
        const instance = instances?.get(instanceId);
        if (instance) return { workerId, instance };
      }
      return undefined;
    },

    wasEnsured: (workerId: string, instanceId: string) => connections.get(workerId)?.ensured.has(instanceId) ?? false,
    dataUrl: (workerId: string) => connections.get(workerId)?.dataUrl,
    drivers: () => [...connections.values()].map(({ workerId, driver }) => ({ workerId, driver })),
    /** What each connected worker has said of itself and its machine. */
    about: () =>
      [...connections.values()].map(({ workerId, scope, driver, architecture, instances, status }) => ({
        workerId,
        scope,
        driver,
        architecture,
        instances: [...(instances?.values() ?? [])],
        status,
      })),

    /** For how long a worker has been away, 0 while it is here. Of one that was never here: since this process began. */
    awayMs: (workerId: string): number =>
      connections.get(workerId)?.instances ? 0 : monotonicMs() - (lastHere.get(workerId) ?? openedAtMs),

    /** For how long no worker has been here that may run there, 0 while there is one. */
    placeAwayMs(place: Place): number {
      return this.pick(place) === undefined ? monotonicMs() - (lastHere.get(placeKey(place.scope)) ?? openedAtMs) : 0;
    },

    /** For how long no worker at all has been here, since this process began. */
    nobodyMs: (): number => monotonicMs() - Math.max(openedAtMs, ...lastHere.values()),

    /** Ids of the workers that are here. */
    here: (): string[] =>
      [...connections.values()].filter(({ instances }) => instances).map(({ workerId }) => workerId),

    /** The connected worker with the fewest instances, of those that may run there. */
    pick({ scope, architecture }: Place = {}): string | undefined {
      const ready = [...connections.values()].filter(
        (connection) =>
          connection.instances &&
          connection.scope?.organizationId === scope?.organizationId &&
          connection.scope?.region === scope?.region &&
          // One that does not say what it is may be anything.
          (!architecture || !connection.architecture || connection.architecture === architecture),
      );
      return ready.sort((a, b) => (a.instances?.size ?? 0) - (b.instances?.size ?? 0))[0]?.workerId;
    },

    /** And has said what it runs: before that it is given nothing. */
    isConnected: (workerId: string) => connections.get(workerId)?.instances !== undefined,
    /** Workers that serve one organization only. */
    scoped: () => [...connections.values()].filter(({ scope }) => scope).map(({ workerId }) => workerId),

    scopes: () => [...connections.values()].flatMap(({ scope }) => scope ?? []),

    /** Its credential is good no more. */
    disconnect(workerId: string): void {
      connections.get(workerId)?.socket.terminate();
    },

    /** They find the control plane that runs the agents by themselves. */
    disconnectAll(): void {
      for (const { socket } of connections.values()) socket.close(4503, 'another control plane runs the agents');
    },

    /** Calls back after every change of any worker's state until the returned function is called. */
    subscribe(listener: () => void): () => void {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },

    async close(): Promise<void> {
      for (const { socket } of connections.values()) socket.close(1001, 'control plane closes');
      await Promise.all([...connections.values()].flatMap(({ queue, storing }) => [queue, ...storing]));
      for (const { socket } of connections.values()) socket.terminate();
    },
  };
}
export type WorkerChannel = ReturnType<typeof createWorkerChannel>;

const placeKey = (scope: WorkerScope | undefined) => (scope ? `${scope.organizationId} ${scope.region}` : '');

/** Requests are sent there: with a path or a query of its own a worker could choose what they reach. Empty for such a one. */
function dataUrlOf(text: string): string {
  const url = URL.parse(text);
  const plain = url && /^https?:$/.test(url.protocol) && url.pathname === '/' && !/[?#@]/.test(text);
  return plain ? url.origin : '';
}

function parse(text: string): WorkerMessage | undefined {
  try {
    const message = JSON.parse(text) as WorkerMessage;
    return typeof message?.type === 'string' ? message : undefined;
  } catch {
    return undefined;
  }
}
