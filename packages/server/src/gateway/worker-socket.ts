import { type IncomingMessage, STATUS_CODES } from 'node:http';
import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectSecurely } from 'node:tls';
import { isPlatformHeader } from '@pipecat-cloud/contract/relay-headers';
import { hopHeader, hopRefusedHeader } from '@pipecat-cloud/contract/worker-protocol';
import { AppError } from '../errors.js';
import type { HopSigner } from '../workers/hop-signer.js';
import { refusalOf } from './relay-request.js';
import type { Place } from './session-places.js';

/** An agent may think about an upgrade for this long. */
const answerTimeoutMs = 30_000;
/** Bytes of the answer's head. */
const headLimit = 16 * 1024;
/** One side may close a little later than the other, and take what is on its way to it, then both are ended. */
const closingMs = 5000;

/** An open connection to an instance, right behind the head of its answer. */
export interface WorkerSocket {
  socket: Socket;
  status: number;
  /** The answer's head as it came. */
  head: Buffer;
  /** What followed it so far. */
  rest: Buffer;
}

/**
 * Asks a worker to pass an upgrade on to the session's instance. `headers` are names and values in turn. Resolves with the
 * instance's own answer, whatever it is; rejects with a refusal where the worker can't be reached or does not hold the session.
 */
export function openWorkerSocket(
  hops: HopSigner,
  place: Place,
  path: string,
  headers: readonly string[],
): Promise<WorkerSocket> {
  const target = new URL(place.dataUrl);
  const { hostname: host } = target;
  const secure = target.protocol === 'https:';
  const port = Number(target.port || (secure ? 443 : 80));
  const lines = [`GET /instances/${place.instanceId}${path} HTTP/1.1`, `Host: ${target.host}`];
  for (const [at, text] of [hopHeader, hops.sign(place), ...headers].entries()) {
    if (at % 2 === 0) lines.push(`${text}: `);
    else lines[lines.length - 1] += text;
  }
  return new Promise((resolve, reject) => {
    const socket = secure ? connectSecurely({ host, port, servername: host }) : connect({ host, port });
    let seen = Buffer.alloc(0);
    const timer = setTimeout(() => fail(), answerTimeoutMs);
    const fail = (error: AppError = refusalOf(503, place.sessionId)) => {
      clearTimeout(timer);
      socket.destroy();
      reject(error);
    };
    const ended = () => fail(seen.length > 0 ? refusalOf(502, place.sessionId) : undefined);
    const read = (chunk: Buffer) => {
      seen = Buffer.concat([seen, chunk]);
      const end = seen.indexOf('\r\n\r\n');
      if (end < 0) return seen.length > headLimit ? fail(refusalOf(502, place.sessionId)) : undefined;
      const head = seen.subarray(0, end + 4);
      const text = head.toString('latin1');
      const refused = new RegExp(`\\r\\n${hopRefusedHeader}: (\\d+)`, 'i').exec(text)?.[1];
      if (refused !== undefined) return fail(refusalOf(Number(refused), place.sessionId));
      clearTimeout(timer);
      socket.off('data', read).off('error', ended).off('close', ended).pause();
      const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(text)?.[1] ?? 502);
      return resolve({ socket, status, head, rest: seen.subarray(end + 4) });
    };
    socket.setNoDelay(true);
    socket.on('data', read).on('error', ended).on('close', ended);
    socket.write(`${lines.join('\r\n')}\r\n\r\n`);
  });
}

/**
 * Joins two connections byte for byte until both are closed, after each was told what has come for it so far. Each waits for the other
 * to take what it sends, so that nothing piles up here.
 */
export function join(client: Duplex, { socket }: WorkerSocket, forClient: Buffer, forInstance: Buffer): void {
  if (forClient.length > 0) client.write(forClient);
  if (forInstance.length > 0) socket.write(forInstance);
  if ('setNoDelay' in client) (client as Socket).setNoDelay(true).setKeepAlive(true, 15_000);
  socket.pipe(client);
  client.pipe(socket);
  endWith(client, socket);
  endWith(socket, client);
}

function endWith(side: Duplex, other: Duplex): void {
  side.on('error', () => side.destroy());
  side.once('close', () => {
    other.end();
    setTimeout(() => other.destroy(), closingMs).unref();
  });
}

/** Bytes that a client may say before its instance is there. */
const heldLimit = 256 * 1024;

/**
 * Keeps what a client says while it waits, and notices when it leaves: a connection that nobody reads does not tell. `release` hands
 * out what was said, in order, and leaves the client paused.
 */
export function hold(client: Duplex, head: Buffer): { release: () => Buffer } {
  const chunks = [head];
  let size = head.length;
  const keep = (chunk: Buffer) => {
    chunks.push(chunk);
    size += chunk.length;
    if (size > heldLimit) client.pause();
  };
  const gone = () => void client.destroy();
  client.on('data', keep).on('end', gone);
  return {
    release() {
      client.off('data', keep).off('end', gone).pause();
      return Buffer.concat(chunks);
    },
  };
}

/** The client's own WebSocket headers pass; what names the platform or carries the credential does not. */
export function upgradeHeaders({ rawHeaders }: IncomingMessage): string[] {
  const passed: string[] = [];
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const name = (rawHeaders[at] ?? '').toLowerCase();
    if (['host', 'authorization', 'cookie'].includes(name) || isPlatformHeader(name)) continue;
    passed.push(rawHeaders[at] ?? '', rawHeaders[at + 1] ?? '');
  }
  return passed;
}

/** Answers an upgrade with an HTTP error, as JSON, before anything was started. */
export function refuseUpgrade(socket: Duplex, error: unknown): void {
  const refusal = error instanceof AppError ? error : new AppError(500, '500', 'Internal server error');
  const { message, code, details } = refusal;
  const text = JSON.stringify({ error: message, code, ...details, info: message });
  const headers = Object.entries({
    ...refusal.headers,
    'content-type': 'application/json; charset=utf-8',
    'content-length': String(Buffer.byteLength(text)),
    connection: 'close',
  });
  const head = `HTTP/1.1 ${refusal.status} ${STATUS_CODES[refusal.status]}\r\n${headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`;
  socket.end(head + text);
}
