import {
  type Command,
  type ControlMessage,
  type PulledImage,
  type WorkerMessage,
  workerFrameLimit,
  workerProtocolVersion,
} from '@pipecat-cloud/contract/worker';
import type { WebSocket } from 'ws';
import { runningMs as systemRunningMs } from '../running-clock.js';
import { WorkerUnreachable } from './command-errors.js';
import { type ConnectedWorker, type Connection, type ConnectionDeps, openConnection } from './worker-connection.js';
import { createWorkerDirectory } from './worker-directory.js';
import { dataUrlOf, imagesOf, parseWorkerMessage } from './worker-message.js';
import { createWorkerPresence } from './worker-presence.js';

export interface ChannelDeps extends ConnectionDeps {
  installationId: string;
  hopPublicKey: string;
  /** Whether this control plane runs the agents, and so takes workers. False while another one on the same database does. */
  leads: () => boolean;
  /** A worker has said what its machine is. */
  onHello: (worker: ConnectedWorker & { architecture: string | undefined }) => void;
  /** A worker has said of which builds it holds something. */
  onKeptBuilds: (worker: ConnectedWorker, builds: readonly string[]) => void;
  /** A worker has said which images that it pulled it has not used for long. */
  onUnusedImages: (worker: ConnectedWorker, images: readonly PulledImage[]) => void;
  /** An instance of a worker waits for a build that is not there. */
  onMissingBuild: (worker: ConnectedWorker, buildId: string) => void;
  /** A worker connected or its instances changed. */
  onChange: () => void;
  /** A worker is here that was not, or has gone. */
  onPresence: () => void;
  /** How often each worker is asked for a sign of life; one that gives none until the next time is cut. */
  heartbeatMs?: number;
  /** See `createRunningClock`. */
  runningMs?: (() => number) | undefined;
}

/** The WebSocket that workers dial: commands out, state and reports in. One connection a worker; the newest counts. */
export function createWorkerChannel(deps: ChannelDeps) {
  const { log, installationId, hopPublicKey, leads, heartbeatMs = 3_000, runningMs = systemRunningMs } = deps;
  const { onHello, onKeptBuilds, onUnusedImages, onMissingBuild, onChange, onPresence } = deps;
  const connections = new Map<string, Connection>();
  const listeners = new Set<() => void>();
  const presence = createWorkerPresence(runningMs);
  const directory = createWorkerDirectory(connections, presence);

  function changed(): void {
    for (const listener of [...listeners]) listener();
    onChange();
  }

  /** False for one that is turned away. */
  function greet(connection: Connection, hello: Extract<WorkerMessage, { type: 'hello' }>): boolean {
    const { workerId, socket } = connection;
    if (hello.version !== workerProtocolVersion) {
      log.error({ workerId, version: hello.version }, 'a worker of another version was turned away');
      socket.close(4400, 'protocol version');
      return false;
    }
    connection.driver = hello.driver;
    connection.dataUrl = dataUrlOf(hello.dataUrl);
    if (connection.dataUrl === '') {
      log.error({ workerId }, 'a worker whose data port is no http(s)://host:port was turned away');
      socket.close(4400, 'data url');
      return false;
    }
    connection.architecture = hello.architecture?.slice(0, 32);
    return true;
  }

  function receive(connection: Connection, message: WorkerMessage): void {
    switch (message.type) {
      case 'hello':
        if (greet(connection, message)) onHello(connection);
        return;
      case 'observed': {
        const isFirst = connection.instances === undefined;
        connection.instances = new Map(message.instances.map((instance) => [instance.instanceId, instance]));
        changed();
        if (isFirst) onPresence();
        return;
      }
      case 'kept-builds':
        if (Array.isArray(message.builds))
          onKeptBuilds(
            connection,
            message.builds.filter((id) => typeof id === 'string'),
          );
        return;
      case 'unused-images':
        onUnusedImages(connection, imagesOf(message.images));
        return;
      case 'build-missing':
        onMissingBuild(connection, String(message.buildId));
        return;
      case 'answer':
        connection.commands.answered(message);
        return;
      case 'status':
        connection.status = message.status;
        return;
      case 'report':
        connection.reports.take(message.number, message.report);
    }
  }

  function watchHeartbeat({ socket }: Connection): void {
    let askedAt: number | undefined;
    socket.on('pong', () => {
      askedAt = undefined;
    });
    const timer = setInterval(() => {
      // Where this process itself stood still, what came meanwhile is yet to be read.
      if (askedAt !== undefined && runningMs() - askedAt < heartbeatMs / 2) return;
      if (askedAt !== undefined) return socket.terminate();
      askedAt = runningMs();
      socket.ping();
    }, heartbeatMs);
    socket.once('close', () => clearInterval(timer));
  }

  /** One that never said what it runs was not here. */
  function leave({ workerId, scope, instances }: Connection): void {
    if (instances) presence.left(workerId, scope);
  }

  function drop(connection: Connection): void {
    const { workerId } = connection;
    connection.commands.linkBroke();
    if (connections.get(workerId) !== connection) return;
    connections.delete(workerId);
    leave(connection);
    log.warn({ workerId }, 'worker disconnected');
    changed();
    onPresence();
  }

  return {
    maxPayload: workerFrameLimit,

    accept(socket: WebSocket, worker: ConnectedWorker): void {
      if (!leads()) {
        socket.close(4503, 'another control plane runs the agents');
        return;
      }
      const { workerId } = worker;
      const connection = openConnection(socket, worker, deps);
      const before = connections.get(workerId);
      if (before) leave(before);
      before?.socket.terminate();
      connections.set(workerId, connection);
      socket.on('error', (error) => log.warn({ err: error, workerId }, 'worker link failed'));
      socket.once('close', () => drop(connection));
      socket.on('message', (data) => {
        const message = parseWorkerMessage(String(data));
        if (message) receive(connection, message);
        else socket.close(4400, 'not a message of this protocol');
      });
      watchHeartbeat(connection);
      const welcome: ControlMessage = {
        ...{ type: 'welcome', version: workerProtocolVersion, workerId, installationId, hopPublicKey },
      };
      socket.send(JSON.stringify(welcome));
      log.info({ workerId }, 'worker connected');
    },

    leads,
    /** The clock by which workers are away: for how long one says something is measured by it, too. */
    runningMs,
    /** Sessions begin and are reached elsewhere. One that has just lost the lease, and may have it back, keeps its workers and goes on. */
    standsBy: () => !leads() && connections.size === 0,
    /** From now on it does: workers have had no chance to come before. */
    beginAnew: presence.beginAnew,

    /** Resolves with the worker's yes; throws `CommandRefused` or `WorkerUnreachable`. */
    async command(workerId: string, command: Command): Promise<void> {
      const connection = connections.get(workerId);
      if (!connection) throw new WorkerUnreachable('The worker is not connected');
      if (command.do === 'ensure') connection.ensured.add(command.spec.instanceId);
      await connection.commands.order(command);
    },

    ...directory,

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
      await Promise.all([...connections.values()].map(({ reports }) => reports.idle()));
      for (const { socket } of connections.values()) socket.terminate();
    },
  };
}
export type WorkerChannel = ReturnType<typeof createWorkerChannel>;
