import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { hostname } from 'node:os';
import { endWith } from '@pipecat-cloud/contract/relay-upgrade';
import { hopHeader } from '@pipecat-cloud/contract/worker-protocol';
import type { Logger } from 'pino';
import type { Driver } from '../drivers/driver.js';
import { InstanceAgent } from '../instances/dial.js';
import { createBotReceived } from './bot-received.js';
import type { HandOvers } from './hand-overs.js';
import { createHopCheck, type HopDeps, HopRefused } from './hop.js';
import { refuse, relayRequest } from './http.js';
import type { Relays } from './relays.js';
import { relaySocket, upgradeRefusal } from './socket.js';

export interface DataServerDeps extends HopDeps {
  host: string;
  port: number;
  /** Undefined until it is made: there are no instances before. */
  driver: () => Pick<Driver, 'runs'> | undefined;
  relays: Relays;
  handOvers: HandOvers;
  /** Answers `/metrics`, which is signed by nobody and asks for a token of its own. */
  metrics: (req: IncomingMessage, res: ServerResponse) => void;
  log: Logger;
}

/** Longer than an idle connection to an agent lives in the usual servers (5 s), these would be found closed when used. */
const idleConnectionMs = 2000;

/** The data port: relays what the control plane has signed to the instances of this worker. Resolves when it listens. */
export async function openDataServer(deps: DataServerDeps) {
  const { host, port, driver, relays, handOvers, log } = deps;
  const agent = new InstanceAgent(driver, { keepAlive: true, timeout: idleConnectionMs });
  const received = createBotReceived();
  const checkHop = createHopCheck(deps);
  const server = createServer({ keepAliveTimeout: 65_000, requestTimeout: 0 });
  server.timeout = 0;

  const allowed = (req: IncomingMessage) => {
    const header = req.headers[hopHeader];
    return checkHop(req.url ?? '/', typeof header === 'string' ? header : undefined);
  };

  server.on('request', (req, res) => {
    if (req.url === '/metrics' && req.method === 'GET') return deps.metrics(req, res);
    try {
      relayRequest({ agent, relays, received, log }, allowed(req), req, res);
    } catch (error) {
      req.resume();
      refuse(res, ...answerTo(error));
    }
  });
  server.on('upgrade', (req, socket, head) => {
    socket.on('error', () => socket.destroy());
    try {
      relaySocket({ runs: driver()?.runs, relays, handOvers, log }, allowed(req), req, socket, head).catch((err) => {
        log.error({ err }, 'relaying a socket failed');
        socket.destroy();
      });
    } catch (error) {
      endWith(socket, upgradeRefusal(...answerTo(error)));
    }
  });

  function answerTo(error: unknown): [number, string] {
    if (error instanceof HopRefused) return [error.status, error.message];
    log.error({ err: error }, 'a relayed request failed');
    return [500, 'Internal server error'];
  }

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });

  return {
    /** As the control plane reaches it, no trailing slash. */
    url: urlOf(host, (server.address() as AddressInfo).port),
    async close(): Promise<void> {
      const closed = new Promise((resolve) => server.close(resolve));
      relays.close();
      server.closeAllConnections();
      agent.destroy();
      await closed;
    },
  };
}

/** A wildcard address can be listened on but not dialled. */
function urlOf(host: string, port: number): string {
  const reachable = host === '0.0.0.0' || host === '::' ? hostname() : host;
  return `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`;
}
