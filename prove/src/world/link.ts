import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type RawData, WebSocket, WebSocketServer } from 'ws';
import type { Random } from '../random.js';

export type Link = Awaited<ReturnType<typeof openLink>>;

/** What befalls messages between worker and control plane, in the words of a network. */
export interface Weather {
  /** The link breaks at the next message, and with it whatever was under way. */
  cut: boolean;
  /** Share of messages that come twice. */
  doubled: number;
  /** Every message waits up to so many milliseconds; their order stays, as on any stream. */
  lateMs: number;
  /** Share of messages after which the link breaks although they were sent: the answer is lost. */
  lost: number;
}
export const fair: Weather = { cut: false, doubled: 0, lateMs: 0, lost: 0 };

/** A proxy in front of the control plane, through which the worker talks to it. */
export async function openLink(target: { port: number }, random: Random) {
  let weather = fair;
  const pairs = new Set<() => void>();
  const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false, maxPayload: 0 });
  const server = createServer((incoming, response) => passOn(target.port, incoming, response));

  server.on('upgrade', (incoming, socket, head) => {
    socket.on('error', () => socket.destroy());
    const upstream = new WebSocket(`ws://127.0.0.1:${target.port}${incoming.url}`, {
      headers: { authorization: incoming.headers.authorization ?? '' },
      perMessageDeflate: false,
    });
    // What it says before the other end is there.
    const early: RawData[] = [];
    const keep = (data: RawData) => void early.push(data);
    upstream.on('message', keep);
    upstream.on('error', () => socket.destroy());
    upstream.on('unexpected-response', (_request, answer) => {
      socket.end(`HTTP/1.1 ${answer.statusCode} ${answer.statusMessage}\r\nConnection: close\r\n\r\n`);
    });
    upstream.once('open', () => {
      sockets.handleUpgrade(incoming, socket, head, (downstream) => {
        upstream.off('message', keep);
        join(downstream, upstream);
        for (const data of early) upstream.emit('message', data);
      });
    });
  });

  function join(worker: WebSocket, control: WebSocket): void {
    const end = () => {
      pairs.delete(end);
      worker.terminate();
      control.terminate();
    };
    pairs.add(end);
    carry(worker, control, end);
    carry(control, worker, end);
    for (const side of [worker, control]) {
      side.on('close', end);
      side.on('error', end);
    }
    // Pings are answered by each end for itself; a silent one must be seen through the proxy.
  }

  function carry(from: WebSocket, to: WebSocket, end: () => void): void {
    let turn = Promise.resolve();
    from.on('message', (data: RawData) => {
      const { cut, doubled, lateMs, lost } = weather;
      if (cut) return end();
      const text = String(data);
      const wait = lateMs > 0 ? random.between(0, lateMs) : 0;
      const twice = random.chance(doubled);
      const last = random.chance(lost);
      turn = turn.then(
        () =>
          new Promise<void>((resolve) => {
            const deliver = () => {
              if (to.readyState === WebSocket.OPEN) {
                to.send(text);
                if (twice) to.send(text);
              }
              if (last) end();
              resolve();
            };
            if (wait > 0) setTimeout(deliver, wait);
            else deliver();
          }),
      );
    });
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    setWeather(next: Weather): void {
      weather = next;
    },
    /** Breaks what is there now. */
    cut(): void {
      for (const end of [...pairs]) end();
    },
    async close(): Promise<void> {
      for (const end of [...pairs]) end();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function passOn(port: number, incoming: IncomingMessage, response: ServerResponse): void {
  const { method, url, headers } = incoming;
  const upstream = request({ host: '127.0.0.1', port, method, path: url, headers }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(response);
  });
  upstream.on('error', () => response.destroy());
  response.on('close', () => upstream.destroy());
  incoming.pipe(upstream);
}
