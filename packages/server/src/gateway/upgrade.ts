import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Logger } from 'pino';
import { WebSocketServer } from 'ws';
import type { Authenticator } from '../access/authenticator.js';
import { AppError, badRequest } from '../errors.js';
import type { CallerAddress } from '../http/caller-address.js';
import type { WorkerChannel } from '../workers/worker-channel.js';
import type { SessionSockets } from './session-sockets.js';
import type { SocketGateway } from './sockets.js';
import { refuseUpgrade } from './worker-socket.js';

interface UpgradeDeps {
  log: Logger;
  sockets: SocketGateway;
  sessionSockets: SessionSockets;
  workers: WorkerChannel;
  authenticator: Authenticator;
  addressOf: CallerAddress;
}

/**
 * Every upgrade of the HTTP server comes through here: agents' sockets and the workers' channel; all others are refused. The server
 * does not end while one of them is open, and ends none by itself: `close` cuts what is left.
 */
export function addUpgrades(server: Server, deps: UpgradeDeps): { close(): void } {
  const { log, sockets, sessionSockets, workers, authenticator, addressOf } = deps;
  const channel = new WebSocketServer({ noServer: true, maxPayload: workers.maxPayload });

  async function acceptWorker(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const principal = await authenticator.authenticate(
      {
        authorization: request.headers.authorization,
        cookie: undefined,
        address: addressOf(request),
        userAgent: request.headers['user-agent'] ?? '',
      },
      ['worker'],
    );
    if (principal.kind !== 'worker') throw new Error('A worker route let another kind pass');
    channel.handleUpgrade(request, socket, head, (accepted) => workers.accept(accepted, principal));
  }

  const open = new Set<Duplex>();

  server.on('upgrade', (request, socket, head) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
    socket.on('error', () => socket.destroy());
    if (!asksForSocket(request))
      return refuseUpgrade(socket, badRequest('Only a WebSocket is upgraded to: GET with `Upgrade: websocket`'));
    const path = (request.url ?? '').split('?')[0];
    if (path === '/v1/workers/channel') {
      acceptWorker(request, socket, head).catch((error: unknown) => {
        if (!(error instanceof AppError)) log.error({ err: error }, 'a worker could not be accepted');
        refuseUpgrade(socket, error);
      });
      return;
    }
    if (!sockets.handle(request, socket, head) && !sessionSockets.handle(request, socket, head))
      refuseUpgrade(socket, new AppError(404, '404', 'Nothing answers to an upgrade here'));
  });

  return {
    close(): void {
      for (const socket of open) socket.destroy();
    },
  };
}

/** Names of protocols have no case (RFC 9110 §7.8). */
const asksForSocket = ({ method, headers }: IncomingMessage): boolean =>
  method === 'GET' && headers.upgrade?.toLowerCase() === 'websocket';
