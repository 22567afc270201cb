import { createServer, type IncomingHttpHeaders, type IncomingMessage, type RequestListener } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import Database from 'better-sqlite3';
import { expect, vi } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import type { Environment } from '../config/env.js';
import type { HandOver } from '../gateway/hand-over.js';
import { runningMs } from '../running-clock.js';
import { systemClock } from '../system.js';
import { createFakeWorker } from './fake-worker.js';
import { harness } from './harness.js';

/** A request as the container got it. */
export interface Seen {
  method: string | undefined;
  url: string | undefined;
  headers: IncomingHttpHeaders;
  body: string;
}

export const bodyOf = async (response: Response) => (await response.json()) as Record<string, string>;

/** A socket as the container got it. */
export interface SeenSocket {
  url: string | undefined;
  headers: IncomingHttpHeaders;
  socket: WebSocket;
  /** Text as text, bytes as bytes. */
  messages: (string | Buffer)[];
}

/** A control plane with an agent 'bot' of two sessions, whose container a test plays, and a public key to call it with. */
export async function openGatewayWorld(environment: Environment = {}, handOver?: HandOver) {
  /** By how much the control plane has run for longer than it has. */
  let aheadMs = 0;
  const seen: Seen[] = [];
  const sockets: SeenSocket[] = [];
  const container = {
    answer: ((_request, response) => response.end('{}')) as RequestListener,
    /** Status that upgrades are answered with, unless they are taken. */
    refusesSockets: 0,
    /** Answers upgrades by hand, byte for byte. */
    upgrades: undefined as ((socket: Duplex, request: IncomingMessage) => void) | undefined,
  };
  const listener = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    seen.push({ method: request.method, url: request.url, headers: request.headers, body });
    container.answer(request, response);
  }).listen(0, '127.0.0.1');
  const accepting = new WebSocketServer({ noServer: true });
  listener.on('upgrade', (request, socket, head) => {
    if (container.upgrades) return container.upgrades(socket, request);
    if (container.refusesSockets > 0) {
      socket.end(`HTTP/1.1 ${container.refusesSockets} No\r\ncontent-length: 0\r\n\r\n`);
      return;
    }
    accepting.handleUpgrade(request, socket, head, (accepted) => {
      const one: SeenSocket = { url: request.url, headers: request.headers, socket: accepted, messages: [] };
      accepted.on('message', (data, isBinary) => one.messages.push(isBinary ? (data as Buffer) : String(data)));
      accepted.on('error', () => undefined);
      sockets.push(one);
    });
  });
  const server = await harness({
    clock: systemClock,
    runningMs: () => runningMs() + aheadMs,
    environment: { PIPECAT_CLOUD_ICE_SERVERS: 'stun:stun.example:3478', ...environment },
    ...(handOver ? { handOver } : {}),
  });
  const url = await server.http.listen({ port: 0, host: '127.0.0.1' });
  await server.enrolment.offer(server.config.workerEnrolmentFile);
  const dataUrl = `http://127.0.0.1:${(listener.address() as AddressInfo).port}`;
  const worker = await createFakeWorker({ url, enrolmentFile: server.config.workerEnrolmentFile, dataUrl });
  const { token } = await (await server.organization('ours')).member('admin');

  async function publicKey(organization: string, of: string): Promise<string> {
    const keys = `/v1/organizations/${organization}/apiKeys`;
    return (await server.call(of, 'POST', keys, { name: 'browser', type: 'public' })).body.key;
  }

  async function deploy(name: string, websocketAuth: string, more: object = {}): Promise<void> {
    const services = '/v1/organizations/ours/services';
    const order = { serviceName: name, image: 'example/bot:1', autoScaling: { maxAgents: 2 }, websocketAuth, ...more };
    expect((await server.call(token, 'POST', services, order)).status).toBe(200);
    await vi.waitFor(
      async () => expect((await server.call(token, 'GET', `${services}/${name}`)).body.body.ready).toBe(true),
      { interval: 20 },
    );
  }

  const key = await publicKey('ours', token);
  await deploy('bot', 'token');

  /** As a browser of any page sends it. */
  const send = (path: string, init: RequestInit = {}) =>
    fetch(`${url}/v1/public/${path}`, {
      method: 'POST',
      ...init,
      headers: {
        authorization: `Bearer ${key}`,
        'content-type': 'application/json',
        origin: 'https://app.example',
        ...init.headers,
      },
    });
  const opened: WebSocket[] = [];
  const raws: Socket[] = [];
  /** Dials as any client does. Resolves once it is open; rejects with the status where it is refused. */
  async function dial(path: string, headers: Record<string, string> = {}): Promise<WebSocket> {
    const socket = new WebSocket(`${url.replace('http', 'ws')}${path}`, { headers });
    opened.push(socket);
    await new Promise<void>((resolve, reject) => {
      socket.once('open', resolve);
      socket.once('unexpected-response', (_request, response) => {
        let body = '';
        response.on('data', (chunk) => {
          body += chunk;
        });
        response.on('end', () => reject(new Error(`${response.statusCode} ${body}`)));
      });
      socket.on('error', reject);
    });
    return socket;
  }
  return {
    ...{ server, worker, url, dataUrl, token, key, seen, sockets, container, publicKey, deploy, send, dial },
    /** One statement on its database. */
    async database(statement: string): Promise<unknown[]> {
      const file = new Database(join(server.directory, 'pipecat-cloud.db'));
      try {
        const prepared = file.prepare(statement);
        return prepared.reader ? prepared.all() : [prepared.run()];
      } finally {
        file.close();
      }
    },
    /** So much longer its control plane has run, all at once: for whom it waits has been away for as long. */
    runsOn(ms: number): void {
      aheadMs += ms;
    },
    /** All clients hang up without a word. */
    leave(): void {
      for (const socket of opened) socket.terminate();
    },
    /** The worker's data port is gone. */
    silence(): void {
      listener.closeAllConnections();
      listener.close();
    },
    /** Sends an upgrade with these headers changed; resolves with the head of the answer, and with all of a refusal. */
    async upgrade(path: string, headers: Record<string, string>): Promise<string> {
      let answer = '';
      for await (const chunk of this.upgradeRaw(path, headers)) {
        answer += String(chunk);
        if (answer.startsWith('HTTP/1.1 101 ') && answer.includes('\r\n\r\n')) break;
      }
      return answer;
    },
    /** Sends an upgrade with these headers changed, and these bytes behind it. Its connection is only ended by whoever ends it. */
    upgradeRaw(path: string, headers: Record<string, string>, behind = '', method = 'GET'): Socket {
      const { hostname, port, host } = new URL(url);
      const all = {
        host,
        connection: 'Upgrade',
        upgrade: 'websocket',
        'sec-websocket-version': '13',
        'sec-websocket-key': Buffer.alloc(16).toString('base64'),
        ...headers,
      };
      const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
      const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
      raws.push(socket);
      socket.on('error', () => undefined);
      socket.write(`${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n${behind}`);
      return socket;
    },
    start: (body: unknown, agent = 'bot') => send(`${agent}/start`, { body: JSON.stringify(body) }),
    async close(): Promise<void> {
      for (const socket of opened) socket.terminate();
      for (const socket of raws) socket.destroy();
      worker.disconnect();
      await server.end();
      listener.closeAllConnections();
      listener.close();
    },
  };
}
export type GatewayWorld = Awaited<ReturnType<typeof openGatewayWorld>>;
