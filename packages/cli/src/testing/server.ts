import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach } from 'vitest';

export interface SeenRequest {
  method: string;
  /** With its query. */
  url: string;
  headers: IncomingHttpHeaders;
  /** Raw bytes; `json` parses them. */
  body: Buffer;
  json(): unknown;
}

export type Answer = {
  status?: number;
  type?: string;
  text?: string;
  json?: unknown;
  headers?: Record<string, string>;
};
export type Route = Answer | ((request: SeenRequest) => Answer);

export interface TestServer {
  host: string;
  /** In the order in which they came. */
  requests: SeenRequest[];
  /** By `METHOD /path`, without the query. What isn't here is a 404 of the API. */
  routes: Record<string, Route>;
  /** `METHOD /path` of every request. */
  calls(): string[];
}

/** An API that answers what the test says, and remembers what it was asked. Emptied before every test. */
export function useServer(): TestServer {
  const server: TestServer = {
    host: '',
    requests: [],
    routes: {},
    calls: () => server.requests.map(({ method, url }) => `${method} ${url.split('?')[0]}`),
  };
  const http = createServer((incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const body = Buffer.concat(chunks);
      const { method = '', url = '', headers } = incoming;
      const request = { method, url, headers, body, json: () => JSON.parse(body.toString()) as unknown };
      server.requests.push(request);
      const route = server.routes[`${method} ${url.split('?')[0]}`];
      const answer = typeof route === 'function' ? route(request) : (route ?? notFound);
      response.writeHead(answer.status ?? 200, {
        'content-type': answer.type ?? 'application/json',
        ...answer.headers,
      });
      response.end(answer.text ?? JSON.stringify(answer.json));
    });
  });

  beforeAll(async () => {
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
    server.host = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  });
  beforeEach(() => {
    server.requests = [];
    server.routes = {};
  });
  afterAll(() => {
    http.closeAllConnections();
    http.close();
  });
  return server;
}

const notFound: Answer = { status: 404, json: { error: 'No such thing', code: '404' } };

export const organizations: Answer = {
  json: {
    organizations: [
      { name: 'acme', verboseName: 'Acme Voice' },
      { name: 'beta', verboseName: 'Beta' },
    ],
  },
};
export const user: Answer = { json: { user: { userId: 'usr_1', emails: [{ emailAddress: 'dev@example.com' }] } } };

/** A well-formed personal access token that occurs nowhere else, to be searched for. */
export const token = 'pcc_pat_0123456789abcdef0123456789abcdef0123456776953425';
