import type { Duplex, Readable } from 'node:stream';
import { Pool } from 'undici';
import { parseEngineAddress } from './engine-address.js';
import { EngineError, EngineTimeout, EngineUnreachable } from './engine-error.js';
import { type EngineVersion, negotiateVersion } from './version.js';

export type Engine = ReturnType<typeof createEngine>;

export interface EngineOptions {
  /** `unix:///path` or `tcp://127.0.0.1:port`. */
  url: string;
  /** For every call that says nothing else, from sending to the last byte of the answer. */
  deadlineMs?: number;
}

export interface EngineRequest {
  query?: Record<string, string | number | boolean | object | undefined>;
  /** Objects are sent as JSON; streams and bytes as they are. */
  body?: object | Uint8Array | Readable;
  headers?: Record<string, string | string[]>;
  signal?: AbortSignal;
  deadlineMs?: number;
}

/** Of the calls that Podman alone has, below `/libpod/`. */
const podmanVersion = '4.0.0';
/** Answers are read into memory up to this size. */
const answerLimitBytes = 64 * 1024 * 1024;

/**
 * A client of the Docker Engine API, also spoken by Podman. The version is agreed on at the first call. Everything but `stream` and `upgrade` has a
 * deadline. Throws `EngineError` with the engine's own words, `EngineUnreachable`, `EngineTimeout`, or the signal's own reason.
 */
export function createEngine({ url, deadlineMs: usualDeadlineMs = 30_000 }: EngineOptions) {
  const { origin, socketPath } = parseEngineAddress(url);
  // One connection for each request under way: a few that follow logs must not stand in the way of the others.
  const pool = new Pool(origin, {
    bodyTimeout: 0,
    headersTimeout: 0,
    connect: { ...(socketPath && { socketPath }), timeout: 5_000 },
  });
  let version: Promise<EngineVersion> | undefined;

  /** Tried again by the next call when it fails. */
  function agreed(): Promise<EngineVersion> {
    version ??= call('GET', '/version', {}).then((answer) => negotiateVersion(url, answer as EngineVersion));
    version.catch(() => {
      version = undefined;
    });
    return version;
  }

  async function send(method: string, path: string, request: EngineRequest, signal: AbortSignal | undefined) {
    const { query = {}, body } = request;
    const raw = body instanceof Uint8Array || (body !== undefined && 'pipe' in body);
    try {
      return await pool.request({
        method: method as 'GET',
        path: withQuery(path, query),
        headers: { ...(body && !raw && { 'content-type': 'application/json' }), ...request.headers },
        body: body === undefined ? null : raw ? (body as Readable) : JSON.stringify(body),
        ...(signal && { signal }),
      });
    } catch (error) {
      signal?.throwIfAborted();
      throw new EngineUnreachable(url, error);
    }
  }

  async function call(method: string, path: string, request: EngineRequest): Promise<unknown> {
    const deadlineMs = request.deadlineMs ?? usualDeadlineMs;
    const late = new EngineTimeout(url, `${method} ${path}`, deadlineMs);
    const deadline = new AbortController();
    const timer = setTimeout(() => deadline.abort(late), deadlineMs);
    const signal = request.signal ? AbortSignal.any([request.signal, deadline.signal]) : deadline.signal;
    try {
      const { statusCode, body } = await send(method, path, request, signal);
      const text = await readAll(body).catch((error) => {
        signal.throwIfAborted();
        throw new EngineUnreachable(url, error);
      });
      if (statusCode >= 400) throw new EngineError(statusCode, messageOf(text));
      return parsed(text);
    } finally {
      clearTimeout(timer);
    }
  }

  /** The path with the agreed version in it. */
  async function versioned(path: string): Promise<string> {
    if (path.startsWith('/libpod/')) return `/v${podmanVersion}${path}`;
    return `/v${(await agreed()).ApiVersion}${path}`;
  }

  return {
    url,
    /** What the engine says of itself; `ApiVersion` is the one agreed on. */
    version: agreed,
    /** One request and its answer: parsed where it is JSON, else text. */
    async request<T = unknown>(method: string, path: string, request: EngineRequest = {}): Promise<T> {
      return (await call(method, await versioned(path), request)) as T;
    },
    /** An answer that has no end of its own, or a long one. The caller ends it with the signal; the body must be read or destroyed. */
    async stream(method: string, path: string, request: EngineRequest = {}): Promise<Readable> {
      const { statusCode, body } = await send(method, await versioned(path), request, request.signal);
      if (statusCode < 400) return body;
      throw new EngineError(statusCode, messageOf(await readAll(body)));
    },
    /** A connection of its own to the engine, switched to another protocol (`h2c` for BuildKit, `tcp` for attached streams). */
    async upgrade(path: string, protocol: string, request: EngineRequest = {}): Promise<Duplex> {
      const to = withQuery(await versioned(path), request.query ?? {});
      try {
        const { socket } = await pool.upgrade({
          path: to,
          method: 'POST',
          protocol,
          headers: request.headers ?? {},
          signal: request.signal ?? null,
        });
        return socket;
      } catch (error) {
        request.signal?.throwIfAborted();
        throw new EngineUnreachable(url, error);
      }
    },
    /** Ends every connection, also those of streams. */
    close: () => pool.destroy(),
  };
}

function withQuery(path: string, query: NonNullable<EngineRequest['query']>): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) search.set(name, typeof value === 'object' ? JSON.stringify(value) : String(value));
  }
  return search.size > 0 ? `${path}?${search}` : path;
}

async function readAll(body: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > answerLimitBytes) throw new Error(`the engine's answer is longer than ${answerLimitBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function parsed(text: string): unknown {
  if (text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function messageOf(text: string): string {
  const answer = parsed(text);
  const message = (answer as { message?: unknown } | undefined)?.message;
  return typeof message === 'string' ? message : text.slice(0, 1000);
}
