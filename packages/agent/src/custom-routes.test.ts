import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { parseRoutes } from './custom-routes.js';
import { createHttpHandler } from './http.js';
import { createLog } from './log.js';
import { createSessions } from './sessions.js';
import { until } from './testing/agent-process.js';
import type { RouteHandler } from './types.js';

const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});

/** A real server with these routes. */
async function serveRoutes(routes: Record<string, RouteHandler>) {
  const lines: string[] = [];
  const log = createLog('DEBUG', (line) => lines.push(line));
  const sessions = createSessions({ bot: () => {}, log, imageVersion: 'unknown' });
  const handle = createHttpHandler({ sessions, log, routes, ready: undefined, draining: () => false });
  const server = createServer((req, res) => void handle(req, res)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanups.push(() => {
    server.close();
    server.closeAllConnections();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, lines };
}

test.each(['/status', 'get /status', 'GET status', 'GET /a?b', 'GET /a b'])('the key %j is refused', (key) => {
  expect(() => parseRoutes({ [key]: () => null })).toThrow(`Route '${key}' is not understood`);
});

test.each(['POST /bot', 'GET /ws', 'GET /readyz', 'GET /livez'])('the key %j is reserved', (key) => {
  expect(() => parseRoutes({ [key]: () => null })).toThrow('belongs to the agent base');
});

test('a handler may answer with any Response, seeing method, query, headers and body', async () => {
  const { url } = await serveRoutes({
    'PUT /x': async (request) => {
      const query = new URL(request.url).searchParams.get('q');
      const text = `${request.method} ${query} ${request.headers.get('x-more')} ${await request.text()}`;
      const headers = new Headers({ 'x-own': 'yes' });
      headers.append('set-cookie', 'a=1');
      headers.append('set-cookie', 'b=2');
      return new Response(text, { status: 201, headers });
    },
  });
  const response = await fetch(`${url}/x?q=%C3%BC`, { method: 'PUT', headers: { 'x-more': 'm' }, body: 'body' });
  expect([response.status, await response.text()]).toEqual([201, 'PUT ü m body']);
  expect(response.headers.get('x-own')).toBe('yes');
  expect(response.headers.getSetCookie()).toEqual(['a=1', 'b=2']);
});

test('bodies are streamed both ways', async () => {
  const { url } = await serveRoutes({ 'POST /pipe': (request) => new Response(request.body) });
  let push: (text: string | undefined) => void = () => {};
  const body = new ReadableStream({
    start(controller) {
      push = (text) => (text === undefined ? controller.close() : controller.enqueue(new TextEncoder().encode(text)));
    },
  });
  push('first');
  const response = await fetch(`${url}/pipe`, { method: 'POST', body, duplex: 'half' });
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  expect((await reader?.read())?.value).toBe('first');
  push('second');
  expect((await reader?.read())?.value).toBe('second');
  push(undefined);
  expect((await reader?.read())?.done).toBe(true);
});

test('the request is aborted when its caller goes away', async () => {
  const seen = { begun: false, aborted: false };
  const { url } = await serveRoutes({
    'GET /slow': (request) => {
      seen.begun = true;
      return new Promise((resolve) => {
        request.signal.addEventListener('abort', () => {
          seen.aborted = true;
          resolve(null);
        });
      });
    },
  });
  const caller = new AbortController();
  const answer = fetch(`${url}/slow`, { signal: caller.signal });
  await until('the request', () => seen.begun);
  caller.abort();
  await expect(answer).rejects.toThrow();
  await until('the abort', () => seen.aborted);
});

test('a handler that throws answers 500 without its message, and logs it', async () => {
  const { url, lines } = await serveRoutes({
    'GET /broken': () => {
      throw new Error('inner detail');
    },
  });
  const response = await fetch(`${url}/broken`);
  expect([response.status, await response.json()]).toEqual([500, { detail: 'Internal server error' }]);
  expect(lines.join('')).toContain('GET /broken failed: Error: inner detail');
});

test('HEAD is answered by a GET route without the body', async () => {
  const { url } = await serveRoutes({ 'GET /x': () => ({ a: 1 }) });
  const response = await fetch(`${url}/x`, { method: 'HEAD' });
  expect([response.status, await response.text()]).toEqual([200, '']);
});
