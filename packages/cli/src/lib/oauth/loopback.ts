import { timingSafeEqual } from 'node:crypto';
import { createServer, type Server, type ServerResponse } from 'node:http';

/** The ports that the contract knows (§3.4). */
const ports = [8400, 8401, 8402, 8403, 8404];

export interface Loopback {
  redirectUri: string;
  /** What the browser brought back for this `state`; whatever else comes is refused and waited past. Rejects at the deadline. */
  callback(state: string, timeoutMs: number): Promise<URLSearchParams>;
  close(): Promise<void>;
}

/** Listens for the browser on the first free port; undefined where all five are taken. */
export async function openLoopback(): Promise<Loopback | undefined> {
  for (const port of ports) {
    const server = await listen(port);
    if (server) return createLoopback(server, port);
  }
  return undefined;
}

function listen(port: number): Promise<Server | undefined> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once('error', () => resolve(undefined));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => resolve(server));
  });
}

function createLoopback(server: Server, port: number): Loopback {
  return {
    redirectUri: `http://127.0.0.1:${port}/oauth_callback`,
    callback: (state, timeoutMs) =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error('timeout')), timeoutMs);
        server.on('request', (request, response) => {
          const url = new URL(request.url ?? '/', `http://127.0.0.1:${port}`);
          // By another name than the address, a page elsewhere may have been made to point here.
          const named = request.headers.host === `127.0.0.1:${port}`;
          if (request.method !== 'GET' || url.pathname !== '/oauth_callback' || !named)
            return say(response, 404, 'There is nothing here.');
          if (!same(url.searchParams.get('state') ?? '', state))
            return say(response, 400, 'This answer belongs to another sign-in.');
          clearTimeout(timer);
          const refused = url.searchParams.has('error');
          say(response, 200, refused ? 'Nothing was signed in.' : 'Signed in. Go back to the terminal.');
          resolve(url.searchParams);
        });
      }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeIdleConnections();
      }),
  };
}

function say(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
    'cache-control': 'no-store',
    'referrer-policy': 'no-referrer',
    connection: 'close',
  });
  response.end(
    `<!doctype html><html lang="en"><title>Pipecat Cloud</title><h1>${text}</h1><p>You can close this page.</p>`,
  );
}

function same(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));
}
