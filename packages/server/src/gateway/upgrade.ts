import { type IncomingMessage, type Server, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Logger } from 'pino';
import { WebSocketServer } from 'ws';
import type { Authenticator } from '../access/authenticator.js';
import { AppError } from '../errors.js';
import type { CallerAddress } from '../http/caller-address.js';
import type { WorkerChannel } from '../workers/worker-channel.js';
import type { SocketGateway } from './sockets.js';

/** Answers an upgrade with an HTTP error, as JSON, before anything was started. */
export function refuseUpgrade(socket: Duplex, error: unknown): void {
  const refusal = error instanceof AppError ? error : new AppError(500, '500', 'Internal server error');
  const text = JSON.stringify({ error: refusal.message, code: refusal.code, ...refusal.details });
  const headers = Object.entries({
    ...refusal.headers,
    'content-type': 'application/json; charset=utf-8',
    'content-length': String(Buffer.byteLength(text)),
    connection: 'close',
  });
  const head = `HTTP/1.1 ${refusal.status} ${STATUS_CODES[refusal.status]}\r\n${headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`;
  socket.end(head + text);
}

interface UpgradeDeps {
  log: Logger;
  sockets: SocketGateway;
  workers: WorkerChannel;
  authenticator: Authenticator;
  addressOf: CallerAddress;
}

/** Every upgrade of the HTTP server comes through here: agents' sockets and the workers' channel; all others are refused. */
export function addUpgrades(server: Server, { log, sockets, workers, authenticator, addressOf }: UpgradeDeps): void {
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

  server.on('upgrade', (request, socket, head) => {
    socket.on('error', () => socket.destroy());
    const path = (request.url ?? '').split('?')[0];
    if (path === '/v1/workers/channel') {
      acceptWorker(request, socket, head).catch((error: unknown) => {
        if (!(error instanceof AppError)) log.error({ err: error }, 'a worker could not be accepted');
        refuseUpgrade(socket, error);
      });
      return;
    }
    if (!sockets.handle(request, socket, head))
      refuseUpgrade(socket, new AppError(404, '404', 'Nothing answers to an upgrade here'));
  });
}
