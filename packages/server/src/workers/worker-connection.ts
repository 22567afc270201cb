import type { ControlMessage, ObservedInstance, Report, WorkerStatus } from '@pipecat-cloud/contract/worker';
import type { Logger } from 'pino';
import type { WebSocket } from 'ws';
import type { Ids } from '../system.js';
import { createReportQueue } from './report-queue.js';
import { createWorkerCommands } from './worker-commands.js';
import type { WorkerScope } from './worker-repository.js';

export interface ConnectionDeps {
  log: Logger;
  ids: Ids;
  /** Applies a report; it is acknowledged once this has resolved, and comes again when it has not. */
  applyReport: (report: Report, worker: ConnectedWorker) => Promise<void>;
}

/** Who is at the other end. Without a scope it runs agents of every organization, in the installation's own region. */
export interface ConnectedWorker {
  workerId: string;
  scope: WorkerScope | undefined;
}
/** What is known of a worker over its link, and what is under way on it. */
export interface Connection extends ConnectedWorker {
  socket: WebSocket;
  driver: string;
  dataUrl: string;
  architecture: string | undefined;
  instances: Map<string, ObservedInstance> | undefined;
  commands: ReturnType<typeof createWorkerCommands>;
  /** Instances whose spec this connection has carried: a worker that restarted has lost the secrets of the others. */
  ensured: Set<string>;
  reports: ReturnType<typeof createReportQueue>;
  status: WorkerStatus | undefined;
}

export function openConnection(socket: WebSocket, worker: ConnectedWorker, deps: ConnectionDeps): Connection {
  const { log, ids, applyReport } = deps;
  const send = (message: ControlMessage) => socket.send(JSON.stringify(message));
  const { workerId, scope } = worker;
  const connection: Connection = {
    ...{ workerId, scope, socket, driver: '', dataUrl: '', architecture: undefined },
    ...{ instances: undefined, ensured: new Set(), status: undefined },
    commands: createWorkerCommands({ ids, send }),
    reports: createReportQueue({
      ...{ workerId, log },
      apply: (report) => applyReport(report, connection),
      acknowledge: (number) => send({ type: 'acknowledge', numbers: [number] }),
      isOpen: () => socket.readyState === socket.OPEN,
      breakLink: () => socket.terminate(),
    }),
  };
  return connection;
}
