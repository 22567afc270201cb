import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { NO_SESSION } from './log.js';
import { header, RefusedError } from './replies.js';
import type { Sessions } from './sessions.js';
import type { RouteHandler, ServeOptions } from './types.js';

const RESERVED = new Set(['/bot', '/ws', '/readyz', '/livez']);
const BODYLESS = new Set(['GET', 'HEAD']);

export interface CustomRouteDeps {
  readonly routes: NonNullable<ServeOptions['routes']>;
  readonly sessions: Sessions;
}

/** Reads `METHOD /path` keys; throws on a key that could never be reached. */
export function parseRoutes(routes: CustomRouteDeps['routes']): Map<string, Map<string, RouteHandler>> {
  const table = new Map<string, Map<string, RouteHandler>>();
  for (const [key, handler] of Object.entries(routes)) {
    const [method, path, ...rest] = key.split(' ');
    if (!method || !/^[A-Z]+$/.test(method) || !path?.startsWith('/') || path.includes('?') || rest.length > 0) {
      throw new Error(`Route '${key}' is not understood. Write it as 'GET /path'.`);
    }
    if (RESERVED.has(path)) throw new Error(`Route '${key}' belongs to the agent base. Choose another path.`);
    const methods = table.get(path) ?? new Map<string, RouteHandler>();
    table.set(path, methods.set(method, handler));
  }
  return table;
}

/** Serves the team's own routes; 404 for every other path. Bodies are streamed both ways. */
export function createCustomRoutes({ routes, sessions }: CustomRouteDeps) {
  const table = parseRoutes(routes);

  return async function custom(req: IncomingMessage, res: ServerResponse, path: string): Promise<void> {
    const methods = table.get(path);
    if (!methods) throw new RefusedError(404, `There is no route ${path}.`);
    const method = req.method ?? 'GET';
    const handler = methods.get(method) ?? (method === 'HEAD' ? methods.get('GET') : undefined);
    if (!handler) {
      res.setHeader('allow', [...methods.keys()].join(', '));
      throw new RefusedError(405, `${method} is not possible on ${path}.`);
    }
    const answer = await handler(toRequest(req, method, res), {
      sessionId: header(req, 'x-daily-session-id') ?? NO_SESSION,
      session: sessions.current?.session,
    });
    await sendResponse(res, answer instanceof Response ? answer : Response.json(answer ?? null), method);
  };
}

function toRequest(req: IncomingMessage, method: string, res: ServerResponse): Request {
  const headers = new Headers();
  for (const [name, value] of Object.entries(req.headersDistinct)) {
    for (const one of value ?? []) headers.append(name, one);
  }
  const gone = new AbortController();
  res.once('close', () => gone.abort());
  const body = BODYLESS.has(method) ? null : (Readable.toWeb(req) as ReadableStream<Uint8Array>);
  return new Request(`http://agent${req.url}`, {
    method,
    headers,
    body,
    signal: gone.signal,
    ...(body && { duplex: 'half' }),
  });
}

async function sendResponse(res: ServerResponse, response: Response, method: string): Promise<void> {
  const cookies = response.headers.getSetCookie();
  const headers = Object.fromEntries(response.headers);
  res.writeHead(response.status, cookies.length > 0 ? { ...headers, 'set-cookie': cookies } : headers);
  if (method === 'HEAD' || !response.body) {
    res.end();
    return;
  }
  try {
    await pipeline(Readable.fromWeb(response.body as import('node:stream/web').ReadableStream), res);
  } catch (error) {
    if (!res.destroyed) res.destroy(error instanceof Error ? error : undefined);
  }
}
