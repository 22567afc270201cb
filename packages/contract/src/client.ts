import { accessCalls } from './client-access.js';
import { agentCalls } from './client-agents.js';
import { auditCalls } from './client-audit.js';
import { githubCalls } from './client-github.js';
import { installationCalls } from './client-installation.js';
import { leakCalls } from './client-leaks.js';
import { logCalls } from './client-logs.js';
import { notificationCalls } from './client-notifications.js';
import { oauthCalls } from './client-oauth.js';
import { platformCalls } from './client-platform.js';
import { privateCalls } from './client-private.js';
import { rawCalls } from './client-raw.js';
import { signInCalls } from './client-sign-in.js';
import type { ErrorEnvelope } from './errors.js';

/** The server answered with an error. `body` is its envelope; synthesised where the answer was not one of ours. */
export class ApiError extends Error {
  readonly status: number;
  readonly body: ErrorEnvelope;
  /** False where something else answered (a proxy's HTML page, an empty body): the text is then about that. */
  readonly fromApi: boolean;

  constructor(status: number, body: ErrorEnvelope, fromApi: boolean) {
    super(body.error);
    this.name = 'ApiError';
    this.status = status;
    this.body = body;
    this.fromApi = fromApi;
  }
}

/** The server could not be reached, or did not answer in time. `cause` is the network's error. */
export class NetworkError extends Error {
  readonly host: string;
  readonly timedOut: boolean;

  constructor(host: string, timedOut: boolean, cause: unknown) {
    super(timedOut ? `${host} did not answer in time` : `${host} cannot be reached`, { cause });
    this.name = 'NetworkError';
    this.host = host;
    this.timedOut = timedOut;
  }
}

export interface ClientOptions {
  /** Base URL; a trailing slash is dropped. */
  host: string;
  token?: string;
  userAgent?: string;
  /** Per request, to the end of the answer; default 60,000. */
  timeoutMs?: number;
  fetch?: typeof fetch;
}

export type Query = Record<string, string | number | boolean | undefined>;
export interface RequestOptions {
  query?: Query;
  body?: unknown;
  timeoutMs?: number;
  headers?: Record<string, string>;
}
/** One request; throws `ApiError` or `NetworkError`. */
export type RequestFunction = <T>(method: string, path: string, init?: RequestOptions) => Promise<T>;
/** One request of any kind, with the answer as it comes, whatever its status. Throws `NetworkError`. */
export type RawFunction = (
  method: string,
  url: string,
  init?: {
    headers?: Record<string, string>;
    body?: RequestInit['body'] | undefined;
    timeoutMs?: number;
    signal?: AbortSignal;
  },
) => Promise<Response>;
/** The body of a good answer; throws `ApiError` for any other. */
export type ReadFunction = <T>(response: Response) => Promise<T>;
/** A GET whose answer may be of any length, in pieces as they arrive. Throws as `RequestFunction` does, also half-way. */
export type StreamFunction = (
  path: string,
  query?: Query,
  init?: { accept?: string; headers?: Record<string, string>; signal?: AbortSignal | undefined },
) => AsyncIterable<Uint8Array>;

/** Typed calls, one per route, thin over `fetch`. Every method throws `ApiError` or `NetworkError`. */
export function createClient(options: ClientOptions) {
  const host = options.host.replace(/\/+$/, '');
  const send = options.fetch ?? fetch;

  function urlOf(path: string, query: Query = {}): URL {
    const url = new URL(host + path);
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined) url.searchParams.set(name, String(value));
    }
    return url;
  }

  function headersFor(accept: string): Record<string, string> {
    return {
      accept,
      ...(options.token ? { authorization: `Bearer ${options.token}` } : {}),
      ...(options.userAgent ? { 'user-agent': options.userAgent } : {}),
    };
  }

  async function* stream(
    path: string,
    query?: Query,
    { accept = 'application/x-ndjson', headers = {}, signal }: Parameters<StreamFunction>[2] = {},
  ): AsyncGenerator<Uint8Array> {
    // Between two pieces, not for the whole: a long answer is not a late one.
    const silent = new AbortController();
    const wait = () => setTimeout(() => silent.abort(), options.timeoutMs ?? 60_000);
    let timer = wait();
    try {
      const response = await send(urlOf(path, query), {
        headers: { ...headersFor(accept), ...headers },
        signal: signal ? AbortSignal.any([silent.signal, signal]) : silent.signal,
        redirect: 'error',
      });
      const type = response.headers.get('content-type') ?? '';
      if (!response.ok || !response.body || !type.startsWith(accept)) {
        throw refusal(response, await response.text(), host);
      }
      for await (const piece of piecesOf(response.body)) {
        clearTimeout(timer);
        yield piece;
        timer = wait();
      }
    } catch (cause) {
      if (cause instanceof ApiError) throw cause;
      throw new NetworkError(host, silent.signal.aborted, cause);
    } finally {
      clearTimeout(timer);
      silent.abort();
    }
  }

  async function request<T>(method: string, path: string, init: RequestOptions = {}): Promise<T> {
    const url = urlOf(path, init.query);
    const headers = { ...headersFor('application/json'), ...init.headers };
    if (init.body !== undefined) headers['content-type'] = 'application/json';
    const signal = AbortSignal.timeout(init.timeoutMs ?? options.timeoutMs ?? 60_000);
    let response: Response;
    let text: string;
    try {
      response = await send(url, {
        method,
        headers,
        signal,
        redirect: 'error',
        ...(init.body === undefined ? {} : { body: JSON.stringify(init.body) }),
      });
      text = await response.text();
    } catch (cause) {
      throw new NetworkError(host, signal.aborted, cause);
    }
    return readAnswer<T>(response, text, host);
  }

  async function raw(method: string, url: string, init: Parameters<RawFunction>[2] = {}): Promise<Response> {
    const deadline = AbortSignal.timeout(init.timeoutMs ?? options.timeoutMs ?? 60_000);
    try {
      return await send(new URL(url, `${host}/`), {
        method,
        headers: {
          // What a form was signed for is sent to wherever the form says, and no credential with it.
          ...(url.startsWith('/') ? headersFor('*/*') : { accept: '*/*' }),
          ...init.headers,
        },
        signal: init.signal ? AbortSignal.any([deadline, init.signal]) : deadline,
        redirect: 'error',
        ...(init.body === undefined ? {} : { body: init.body }),
      });
    } catch (cause) {
      throw new NetworkError(host, deadline.aborted, cause);
    }
  }

  const read: ReadFunction = async (response) => readAnswer(response, await response.text(), host);

  return {
    request,
    ...agentCalls(request),
    ...logCalls(request, stream),
    ...accessCalls(request),
    ...oauthCalls(request),
    ...auditCalls(request, stream),
    ...notificationCalls(request),
    ...leakCalls(request),
    ...signInCalls(request),
    ...platformCalls(request),
    ...githubCalls(request),
    ...installationCalls(request),
    ...privateCalls(request),
    ...rawCalls(raw, read),
  };
}
export type Client = ReturnType<typeof createClient>;

/** A body can be iterated, but in browsers that are not quite new. */
async function* piecesOf(body: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  if (Symbol.asyncIterator in (body as object)) return yield* body as unknown as AsyncIterable<Uint8Array>;
  const reader = body.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

function readAnswer<T>(response: Response, text: string, host: string): T {
  const body = isJsonAnswer(response) ? parse(text) : undefined;
  if (response.ok && body !== undefined) return body as T;
  throw refusal(response, text, host);
}

function refusal(response: Response, text: string, host: string): ApiError {
  const isJson = isJsonAnswer(response);
  const envelope = (isJson ? parse(text) : undefined) as Partial<ErrorEnvelope> | undefined;
  if (!response.ok && typeof envelope?.error === 'string' && typeof envelope.code === 'string') {
    return new ApiError(response.status, envelope as ErrorEnvelope, true);
  }
  const what = isJson ? 'JSON that is not of this API' : (response.headers.get('content-type') ?? 'no content type');
  const error = `${host} answered ${response.status} with ${what}: something other than the API answers there; check the API host`;
  return new ApiError(response.status, { error, code: String(response.status) }, false);
}

function isJsonAnswer(response: Response): boolean {
  return /^application\/(?:[\w.-]+\+)?json\b/i.test(response.headers.get('content-type') ?? '');
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
