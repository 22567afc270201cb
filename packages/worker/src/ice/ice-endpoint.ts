import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
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
    if (known && Date.now() - known.at < freshMs) return known.text;
    asking ??= ask()
      .catch(() => undefined)
      .finally(() => {
        asking = undefined;
      });
    const text = await asking;
    if (text !== undefined) known = { text, at: Date.now() };
    return known && Date.now() - known.at < staleMs ? known.text : undefined;
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
    if (!server) {
      log.warn({ host }, 'ICE servers are not offered to agents there: they use their own default');
      return undefined;
    }
    server.unref();
    port ||= (server.address() as AddressInfo).port;
    addresses = [...new Set([...addresses, host])];
    saving = saving.then(() => replaceFile(file, JSON.stringify({ port, addresses }), { durable: false }));
    await saving;
    return server;
  }

  const open = (host: string) => {
    const server = servers.get(host) ?? listen(host);
    servers.set(host, server);
    return server;
  };
  await Promise.all(addresses.map(open));

  return {
    /** What instances that reach this machine at that address get as `ICE_CONFIG_URL`. Never rejects. */
    async urlAt(host: string): Promise<string> {
      const server = await open(host).catch(() => undefined);
      if (!server) return nowhere;
      return `http://${host.includes(':') ? `[${host}]` : host}:${(server.address() as AddressInfo).port}/ice-servers`;
    },
    async close(): Promise<void> {
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
