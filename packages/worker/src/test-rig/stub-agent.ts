import type { IncomingHttpHeaders, IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { InstanceSpec } from '@pipecat-cloud/contract/worker';
import { type WebSocket, WebSocketServer } from 'ws';
import type { FakeAgent } from '../testing/fake-driver.js';

export interface BotCall {
  headers: IncomingHttpHeaders;
  body: unknown;
  /** Ends the held request; the bot has finished. */
  answer: (status: number) => void;
  /** Breaks the connection while the process lives on. */
  break: () => void;
}

export interface StubAgent {
  spec: InstanceSpec;
  /** Status of /readyz, or undefined to answer nothing. */
  readyz: number | undefined;
  bots: BotCall[];
  sockets: { socket: WebSocket; url: string; headers: IncomingHttpHeaders }[];
  /** Status that refuses upgrades, if any. */
  refuseSockets: number | undefined;
  /** It knows no upgrades: one is a request like others to it, and the connection is kept. Only as it is made. */
  plain: boolean;
  /** Anything that is neither /bot nor /readyz. */
  custom: (req: IncomingMessage, res: ServerResponse) => void;
}

/** Agents whose bots and sockets the test holds in its hands, by instance id. */
export function createStubAgents() {
  const agents = new Map<string, StubAgent>();
  const defaults: Partial<StubAgent> = {};

  function agent(spec: InstanceSpec): FakeAgent {
    const stub: StubAgent = {
      spec,
      readyz: 200,
      bots: [],
      sockets: [],
      refuseSockets: undefined,
      plain: false,
      custom: (_req, res) => res.writeHead(404).end(),
      ...defaults,
    };
    agents.set(spec.instanceId, stub);
    const request: RequestListener = (req, res) => {
      if (req.url === '/readyz') {
        if (stub.readyz !== undefined) res.writeHead(stub.readyz).end();
      } else if (req.url === '/bot') void takeBot(stub, req, res);
      else stub.custom(req, res);
    };
    if (stub.plain) return { request };
    const server = new WebSocketServer({ noServer: true });
    return {
      request,
      upgrade(req, socket, head) {
        if (stub.refuseSockets !== undefined) {
          return void socket.end(`HTTP/1.1 ${stub.refuseSockets} No\r\ncontent-length: 0\r\nconnection: close\r\n\r\n`);
        }
        server.handleUpgrade(req, socket, head, (link) => {
          stub.sockets.push({ socket: link, url: req.url ?? '', headers: req.headers });
          link.on('message', (data, binary) => link.send(data, { binary }));
        });
      },
    };
  }

  return {
    agent,
    /** Applied to agents made from now on. */
    defaults,
    of(instanceId: string): StubAgent {
      const stub = agents.get(instanceId);
      if (!stub) throw new Error(`no agent ${instanceId}`);
      return stub;
    },
  };
}
export type StubAgents = ReturnType<typeof createStubAgents>;

async function takeBot(stub: StubAgent, req: IncomingMessage, res: ServerResponse): Promise<void> {
  let text = '';
  for await (const chunk of req) text += String(chunk);
  stub.bots.push({
    headers: req.headers,
    body: JSON.parse(text),
    answer: (status) => res.writeHead(status, { 'content-type': 'application/json' }).end('{}'),
    break: () => req.socket.destroy(),
  });
}
