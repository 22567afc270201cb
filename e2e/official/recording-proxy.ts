import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { routeAccess } from '@pipecat-cloud/contract/permissions';
import type { createCertificate } from '../src/support/authority.js';

/** What went by: one request of a client that says which it is. */
export interface Passed {
  /** Of the published command line and SDK, as their User-Agent says. */
  version: string;
  /** As the permission table names it; the bare method and path where it has none. */
  route: string;
  status: number;
}

/**
 * Stands in front of a server as a proxy that ends TLS, and notes who called what. Official clients refuse to sign in over plain
 * http, so this is also what a self-hosted installation behind nginx or Caddy looks like to them.
 */
export async function startRecordingProxy(certificate: ReturnType<typeof createCertificate>) {
  const passed: Passed[] = [];
  let target = 0;
  const server = createServer(
    { cert: readFileSync(certificate.certFile), key: readFileSync(certificate.keyFile) },
    (incoming, outgoing) => {
      const { method = 'GET', url = '/', headers } = incoming;
      // Each on a connection of its own: one that is kept may be closed by the server in the moment in which it is used again.
      const to = { host: '127.0.0.1', port: target, method, path: url, headers, agent: false };
      const forwarded = request(to, (answer) => {
        const version = /^PipecatCloudCLI\/(\S+)/.exec(headers['user-agent'] ?? '')?.[1];
        if (version) passed.push({ version, route: routeOf(method, url), status: answer.statusCode ?? 0 });
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(outgoing);
      });
      forwarded.on('error', () => (outgoing.headersSent ? outgoing.destroy() : outgoing.writeHead(502).end()));
      incoming.pipe(forwarded);
    },
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `https://localhost:${(server.address() as AddressInfo).port}`,
    passed: passed as readonly Passed[],
    forwardTo: (port: number) => {
      target = port;
    },
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

const patterns = Object.keys(routeAccess)
  .filter((route) => !route.endsWith('*'))
  .map((route) => ({ route, exact: new RegExp(`^${route.replaceAll('.', '\\.').replaceAll(/:\w+/g, '[^/]+')}$`) }))
  // A fixed name is nearer than a parameter in its place.
  .sort((a, b) => a.route.split(':').length - b.route.split(':').length);

/** The route of a request in the words of the permission table. */
export function routeOf(method: string, url: string): string {
  const asked = `${method} ${url.split('?')[0]}`;
  return patterns.find(({ exact }) => exact.test(asked))?.route ?? asked;
}
