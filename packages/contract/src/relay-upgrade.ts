import { type IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { createHeldBytes } from './held-bytes.js';

/** What both ends of a relay, control plane and worker, do with an upgrade. */

/** For last words to arrive. */
const endingMs = 2000;

/** What a caller has said while its upgrade is not answered yet. */
export interface Held {
  /** All of it, in order. The caller is left paused, for whoever takes it over. */
  release(): Buffer;
}

/**
 * Keeps what a caller says while it waits, and notices when it leaves: a connection that nobody reads does not tell. Of one that says too
 * much, for itself or for what all of them may together, nothing is kept, and `tooMuch` has to end it.
 */
export function hold(client: Duplex, head: Buffer, tooMuch: () => void): Held {
  const said = createHeldBytes();
  let refused = false;
  const keep = (chunk: Buffer) => {
    if (refused || client.writableEnded || said.add(chunk)) return;
    refused = true;
    said.empty();
    tooMuch();
  };
  const gone = () => void client.destroy();
  // One that somebody has paused does not flow again because of a listener.
  client.on('data', keep).on('end', gone).once('close', said.empty).resume();
  keep(head);
  return {
    release() {
      client.off('data', keep).off('end', gone).off('close', said.empty).pause();
      return said.take();
    },
  };
}

/** Says the last words on a connection, unless they were said, and ends it, also where its other side never ends its own. */
export function endWith(socket: Duplex, words: string | Buffer): void {
  if (!socket.writableEnded) socket.end(words);
  sayNoMore(socket);
}

function sayNoMore(socket: Duplex): void {
  // What still comes is thrown away: a connection with unread bytes is reset, and the last words would be lost.
  socket.resume();
  setTimeout(() => socket.destroy(), endingMs).unref();
}

/** The head of a 101, written anew, with `more` lines: of all that an instance may say there, nothing else concerns a socket. */
export function upgradedHead({ rawHeaders }: IncomingMessage, more: readonly string[] = []): Buffer {
  const lines = ['HTTP/1.1 101 Switching Protocols', 'Connection: Upgrade', 'Upgrade: websocket', ...more];
  for (let at = 0; at + 1 < rawHeaders.length; at += 2)
    if (rawHeaders[at]?.toLowerCase().startsWith('sec-websocket-'))
      lines.push(`${rawHeaders[at]}: ${rawHeaders[at + 1]}`);
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
}

/**
 * Answers an upgrade that was not made: with the status of `answer`, these headers, and its body as it comes. The connection ends behind
 * it, so that nothing on it is ever taken for another request.
 */
export function passRefusalOn(
  request: IncomingMessage,
  client: Duplex,
  answer: IncomingMessage,
  headers: readonly string[],
): void {
  if (client.destroyed) return void answer.destroy();
  const response = new ServerResponse(request);
  response.assignSocket(client as Socket);
  response.writeHead(answer.statusCode ?? 502, [...headers, 'connection', 'close']);
  // The server, which would have told it, has let go of the connection.
  client.on('drain', () => response.emit('drain'));
  // An answer without an end must not outlive its caller, which may end its side alone, or vanish without a word.
  client.once('end', () => client.destroy());
  (client as Socket).setKeepAlive(true, 15_000);
  client.resume();
  client.once('close', () => answer.destroy());
  response.once('finish', () => {
    client.end();
    sayNoMore(client);
  });
  answer.on('error', () => undefined);
  // A broken answer must not look like a whole one.
  answer.once('close', () => {
    if (!answer.complete) client.destroy();
  });
  answer.pipe(response);
}
