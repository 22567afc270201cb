import { type OnReadOpts, Socket, type SocketConstructorOpts } from 'node:net';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';

/** How a control plane hands a caller's connection to the worker beside it: through the process that has started both of them. */

/**
 * On an upgrade at a worker's data port: the connection may be had. On its 101: it is wanted. The worker says nothing else there; what
 * comes there is what the caller has said so far, and ends before the connection is sent.
 */
export const handOverHeader = 'x-pipecat-cloud-hand-over';

/** From the control plane to its supervisor, and from there to the worker. Without a handle beside it: the caller has left. */
export interface HandOverMessage {
  type: 'hand-over';
  /** What the header said. */
  offer: string;
}

export const isHandOver = (message: unknown): message is HandOverMessage =>
  typeof message === 'object' && message !== null && (message as { type?: unknown }).type === 'hand-over';

/**
 * A connection without its stream, as processes give it to one another. Node's own `send` takes it; sending a stream instead would
 * lose what was read between asking and sending, and would keep the server that has accepted it from closing.
 */
export interface ConnectionHandle {
  /** Whether its stream believes that it reads. */
  reading?: boolean;
  readStop(): void;
  close(): void;
}

interface HandleHolder {
  _handle: ConnectionHandle | null;
}

/** Whether another process could go on with it: not where the keys of TLS are in this one. */
export const canBeHandedOver = (stream: Duplex): stream is Socket =>
  stream instanceof Socket && !(stream instanceof TLSSocket);

/** A connection without its stream, and what was read of it that nobody has taken. */
export interface Taken {
  handle: ConnectionHandle;
  said: Buffer;
}

/**
 * Takes a paused connection out of its stream, all of whose writes are done. For the stream, and for the server that has accepted it, it
 * is closed from then on. Undefined where it is closed already, or was told its last word.
 */
export function takeOut(socket: Socket): Taken | undefined {
  const holder = socket as unknown as HandleHolder;
  const handle = holder._handle;
  if (!handle || socket.destroyed || socket.writableEnded) return undefined;
  // First: what the system reads from here on has nobody to go to.
  handle.readStop();
  handle.reading = false;
  holder._handle = null;
  const said: Buffer[] = [];
  for (let chunk = socket.read() as Buffer | null; chunk !== null; chunk = socket.read() as Buffer | null)
    said.push(chunk);
  socket.destroy();
  return { handle, said: Buffer.concat(said) };
}

/**
 * A stream of its own for a connection that was taken out of another. As a server's, it stays open for writing when its other side has
 * ended.
 */
export function socketOf(handle: ConnectionHandle, onread?: OnReadOpts): Socket {
  const options = { handle, readable: true, writable: true, allowHalfOpen: true, onread };
  return new Socket(options as unknown as SocketConstructorOpts);
}
