import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket, WebSocketServer } from 'ws';
import type { Framing } from './frames.js';
import { frameBytes } from './speech.js';
import { until } from './wait.js';

/** One end of a socket that audio is streamed through. */
export type Conversation = ReturnType<typeof converse>;

const frameMs = 20;

/** Streams audio in real time over an open socket and keeps what comes back. */
export function converse(socket: WebSocket, framing: Framing) {
  const heard: Buffer[] = [];
  let heardBytes = 0;
  let failure: Error | undefined;
  socket.on('error', () => undefined); // Its close tells.
  socket.on('message', (data) => {
    try {
      const pcm = framing.unwrap(data as Buffer);
      if (pcm.length === 0) return;
      heard.push(pcm);
      heardBytes += pcm.length;
    } catch (error) {
      failure = error as Error;
    }
  });
  const closed = once(socket, 'close').then(([code]) => code as number);

  return {
    closed,
    close: () => socket.close(1000),
    heard: () => Buffer.concat(heard),
    heardBytes: () => heardBytes,
    /** Says `pcm` at the speed of speech; ends early when `signal` is aborted. Resolves to the bytes said. */
    async say(pcm: Buffer, signal?: AbortSignal): Promise<number> {
      const began = performance.now();
      let at = 0;
      for (; at < pcm.length && !signal?.aborted; at += frameBytes) {
        socket.send(framing.wrap(pcm.subarray(at, at + frameBytes)));
        const due = began + (at / frameBytes + 1) * frameMs;
        await sleep(Math.max(0, due - performance.now()));
      }
      return at;
    },
    /** Says it once, and then over and over until `signal` is aborted. Resolves to all that was said. */
    async keepSaying(pcm: Buffer, signal: AbortSignal): Promise<Buffer> {
      const said: Buffer[] = [];
      do said.push(pcm.subarray(0, await this.say(pcm, said.length > 0 ? signal : undefined)));
      while (!signal.aborted);
      return Buffer.concat(said);
    },
    /** Resolves once this much has come back. */
    async hears(bytes: number): Promise<void> {
      await until(`${bytes} bytes of audio came back (so far ${heardBytes})`, () => {
        if (failure) throw failure;
        return heardBytes >= bytes;
      });
    },
  };
}

/** Opens a socket; rejects with the HTTP status where it is refused. */
export async function dial(url: string, headers: Record<string, string> = {}): Promise<WebSocket> {
  const socket = new WebSocket(url, { headers });
  await new Promise<void>((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('error', reject);
    socket.once('unexpected-response', (_request, { statusCode }) => reject(new Error(`refused with ${statusCode}`)));
  });
  return socket;
}

/** A media server outside the product, for bots that dial out. `caller` resolves with the first that comes. */
export async function openMediaServer() {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  await once(server, 'listening');
  const waiting: WebSocket[] = [];
  server.on('connection', (socket) => waiting.push(socket));
  const { port } = server.address() as { port: number };
  return {
    url: `ws://127.0.0.1:${port}`,
    caller: () => until('the bot dials', () => waiting.shift()),
    async close(): Promise<void> {
      for (const socket of server.clients) socket.terminate();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
