import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { endWith } from '@pipecat-cloud/contract/relay-upgrade';
import { Receiver } from 'ws';
import { AppError, badRequest } from '../errors.js';
import { readServiceHost, type ServiceHost } from './socket-request.js';

/** Parameters that a Twilio `<Stream>` carries for the platform: its addresses lose their query (contract §8.6.1). */
const hostParameter = '_pipecatCloudServiceHost';
const tokenParameter = '_pipecatCloudToken';

/** From the upgrade to the first byte, which Twilio sends at once, and to the start message. */
const timeouts = { silentMs: 5_000, startMs: 10_000 };
/** Bytes of everything before the agent is known. */
const handshakeLimit = 64 * 1024;
const messageLimit = 16;

/** What a call has said before its agent was known, to be said again to the agent. */
export interface CallStart {
  service: ServiceHost;
  token: string | undefined;
  /** Frames as they came, in order. */
  received: Buffer;
}

/** Why a socket is closed that was accepted already. */
export class SocketRefused extends Error {
  readonly code: number;
  constructor(code: number, reason: string) {
    super(reason);
    this.name = 'SocketRefused';
    this.code = code;
  }
}

/**
 * Answers a WebSocket upgrade (RFC 6455 §4.2) without any extension, so that what the client sends can be passed on byte for byte to
 * another connection that has none either. Throws 400 where it is none.
 */
export function acceptUpgrade({ headers, method }: IncomingMessage, socket: Duplex): void {
  const key = headers['sec-websocket-key'] ?? '';
  if (
    method !== 'GET' ||
    headers.upgrade?.toLowerCase() !== 'websocket' ||
    headers['sec-websocket-version'] !== '13' ||
    !/^[+/0-9A-Za-z]{22}==$/.test(key)
  )
    throw badRequest('This is no WebSocket handshake of version 13');
  const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
  );
}

/** Closes an accepted socket with a code and a reason that its other end can read. */
export function closeSocket(socket: Duplex, { code, message }: Pick<SocketRefused, 'code' | 'message'>): void {
  const reason = Buffer.from(message).subarray(0, 123);
  const frame = Buffer.concat([Buffer.from([0x88, reason.length + 2, code >> 8, code & 0xff]), reason]);
  endWith(socket, frame);
}

/**
 * Reads an accepted Twilio socket up to its start message, and leaves it paused right there. Rejects with `SocketRefused` where none
 * comes in time, within the limits, or it names no agent; with nothing left to tell where the caller has gone.
 */
export function readCallStart(socket: Duplex, head: Buffer, { silentMs, startMs } = timeouts): Promise<CallStart> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    let messages = 0;
    const receiver = new Receiver({ isServer: true, maxPayload: handshakeLimit });
    const late = (what: string, ms: number, stillLate: () => boolean) => {
      const judge = () => {
        if (stillLate()) settle(new SocketRefused(4408, `${what} came within ${ms / 1000} s`));
      };
      // What arrived while this process stood still is read before it is judged.
      return setTimeout(() => setImmediate(judge), ms);
    };
    const gone = () => settle(new SocketRefused(1006, 'The caller closed the connection'));
    const silence = late('Nothing', silentMs, () => size === 0);
    const timer = late('No start message', startMs, () => true);
    let settled = false;

    function settle(result: CallStart | Error): void {
      if (settled) return;
      settled = true;
      clearTimeout(silence);
      clearTimeout(timer);
      socket.pause();
      socket.off('data', take).off('close', gone).off('end', gone);
      if (result instanceof Error) reject(result);
      else resolve(result);
    }

    function take(chunk: Buffer): void {
      clearTimeout(silence);
      size += chunk.length;
      if (size > handshakeLimit) {
        settle(tooMuch());
        return;
      }
      chunks.push(chunk);
      // A copy: the parser takes the mask off in place.
      receiver.write(Buffer.from(chunk));
    }

    receiver.on('message', (data, isBinary) => {
      if (settled) return;
      if (++messages > messageLimit) return settle(new SocketRefused(4400, 'The first messages have no start in them'));
      try {
        const start = isBinary ? undefined : parseStart(data.toString('utf8'));
        if (start) settle({ ...start, received: Buffer.concat(chunks) });
      } catch (error) {
        settle(new SocketRefused(4400, (error as Error).message));
      }
    });
    receiver.on('conclude', gone);
    receiver.on('error', (error) => {
      const tooLong = (error as NodeJS.ErrnoException).code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH';
      settle(tooLong ? tooMuch() : new SocketRefused(1002, 'These are no WebSocket frames'));
    });
    socket.on('data', take).on('close', gone).on('end', gone);
    socket.resume();
    if (head.length > 0) take(head);
  });
}

const tooMuch = () => new SocketRefused(1009, 'Too much was sent before the start message');

/** The start message of contract §8.6.4; undefined for another message. Throws where it names no agent. */
function parseStart(text: string): Omit<CallStart, 'received'> | undefined {
  let message: unknown;
  try {
    message = JSON.parse(text);
  } catch {
    throw badRequest('The messages are no JSON');
  }
  const { event, start } = (message ?? {}) as { event?: unknown; start?: { customParameters?: unknown } };
  if (event !== 'start') return undefined;
  const parameters = (start?.customParameters ?? {}) as Record<string, unknown>;
  const [host, token] = [parameters[hostParameter], parameters[tokenParameter]];
  if (typeof host !== 'string')
    throw new AppError(400, '400', `The parameter ${hostParameter} is missing: set it to {agent}.{organization}`);
  return { service: readServiceHost(host, 'twilio'), token: typeof token === 'string' ? token : undefined };
}
