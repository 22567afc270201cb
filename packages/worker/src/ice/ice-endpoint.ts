import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { readIfThere, replaceFile } from '../files.js';
import { openRequest, readText, responseTo } from '../requests.js';

export interface IceEndpointDeps {
  workerDir: string;
  controlUrl: string;
  credential: () => Promise<string | undefined>;
  log: Logger;
}

/** Of the question to the control plane: an agent waits for it before it answers an offer. */
const askMs = 1500;
/** How long an answer is good without asking again, and how long where nobody answers. */
const freshMs = 60_000;
const staleMs = 3_600_000;

/** How often, and how many times, an address that is to come is looked for. */
const lookMs = 200;
const looks = 300;

/** Refused at once on any machine, so that an agent goes on with its own default. */
const nowhere = 'http://127.0.0.1:9/ice-servers';

interface Remembered {
  port: number;
  addresses: string[];
}

/**
 * Where agents of this machine fetch their ICE servers (contract §9.2): `GET /ice-servers`, without a credential, and nothing else.
 * Port and addresses stay the same across restarts, because instances that live on have them in their environment.
 */
export async function createIceEndpoint({ workerDir, controlUrl, credential, log }: IceEndpointDeps) {
  const file = join(workerDir, 'ice-endpoint.json');
  const servers = new Map<string, Promise<Server | undefined>>();
  let known: { text: string; at: number } | undefined;
  let asking: Promise<string | undefined> | undefined;
  let { port, addresses } = parse(await readIfThere(file));
  let saving = Promise.resolve();
  let closed = false;

  async function ask(): Promise<string | undefined> {
    const token = await credential();
    if (!token) return undefined;
    const headers = { authorization: `Bearer ${token}` };
    const signal = AbortSignal.timeout(askMs);
    const response = await responseTo(await openRequest(`${controlUrl}/v1/workers/ice-servers`, { headers, signal }));
    const text = await readText(response);
    return response.statusCode === 200 ? text : undefined;
  }

  async function config(): Promise<string | undefined> {
    if (known && performance.now() - known.at < freshMs) return known.text;
    asking ??= ask()
      .catch(() => undefined)
      .finally(() => {
        asking = undefined;
      });
    const text = await asking;
    if (text !== undefined) known = { text, at: performance.now() };
    return known && performance.now() - known.at < staleMs ? known.text : undefined;
  }

  async function answer(url: string | undefined, response: ServerResponse): Promise<void> {
    const text = url?.split('?')[0] === '/ice-servers' ? await config() : '';
    const headers = { 'content-type': 'application/json' };
    if (text) response.writeHead(200, headers).end(text);
    else if (text === '')
      response.writeHead(404, headers).end('{"error":"There is nothing here but /ice-servers","code":"404"}');
    else response.writeHead(503, headers).end('{"error":"The control plane does not answer","code":"503"}');
  }

  function tryPort(host: string, wanted: number): Promise<Server | undefined> {
    return new Promise((resolve) => {
      const server = createServer((request, response) => void answer(request.url, response));
      server.once('error', () => resolve(undefined));
      server.listen(wanted, host, () => resolve(server));
    });
  }

  async function listen(host: string): Promise<Server | undefined> {
    const server = (await tryPort(host, port)) ?? (await tryPort(host, 0));
    return server && (await remember(host, server));
  }

  /** At the port that was told already. */
  async function listenLater(host: string): Promise<Server | undefined> {
    for (let left = looks; left > 0 && !closed; left--) {
      const server = await tryPort(host, port);
      if (server) return await remember(host, server);
      await delay(lookMs, undefined, { ref: false });
    }
    return undefined;
  }

  async function remember(host: string, server: Server): Promise<Server> {
    server.unref();
    port ||= (server.address() as AddressInfo).port;
    addresses = [...new Set([...addresses, host])];
    saving = saving.then(() => replaceFile(file, JSON.stringify({ port, addresses }), { durable: false }));
    await saving;
    return server;
  }

  /** Not had, it is asked for again by the next who needs it. */
  function open(host: string, by = listen): Promise<Server | undefined> {
    const known = servers.get(host);
    if (known) return known;
    const opening = by(host).then((server) => {
      if (!server) servers.delete(host);
      return server;
    });
    servers.set(host, opening);
    return opening;
  }
  await Promise.all(addresses.map((host) => open(host)));

  const urlOf = (host: string, at: number) => `http://${host.includes(':') ? `[${host}]` : host}:${at}/ice-servers`;

  return {
    /**
     * What instances that reach this machine at that address get as `ICE_CONFIG_URL`. `isToCome`: the machine has the address only once the
     * instance is there. Never rejects.
     */
    async urlAt(host: string, { isToCome = false } = {}): Promise<string> {
      if (isToCome) {
        // Has a port from here on.
        await open('127.0.0.1').catch(() => undefined);
        open(host, listenLater).catch(() => undefined);
        return port > 0 ? urlOf(host, port) : nowhere;
      }
      const server = await open(host).catch(() => undefined);
      if (server) return urlOf(host, (server.address() as AddressInfo).port);
      log.warn({ host }, 'ICE servers are not offered to agents there: they use their own default');
      return nowhere;
    },
    async close(): Promise<void> {
      closed = true;
      for (const opened of servers.values()) {
        const server = await opened.catch(() => undefined);
        server?.closeAllConnections();
        server?.close();
      }
    },
  };
}
export type IceEndpoint = Awaited<ReturnType<typeof createIceEndpoint>>;

/** A file that is no such thing is as none: agents from before fall back, new ones get another port. */
function parse(text: string | undefined): Remembered {
  try {
    const { port, addresses } = JSON.parse(text ?? '{}') as Partial<Remembered>;
    if (Number.isInteger(port) && Array.isArray(addresses)) return { port: port ?? 0, addresses };
  } catch {
    // Said above.
  }
  return { port: 0, addresses: [] };
}
