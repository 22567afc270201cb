import type { WhoAmI } from './accounts.js';
import type { DeployBody, Service, ServiceList, ServiceQuery, WrappedService } from './agents.js';
import type { ApiKeyList, CreateApiKeyBody, CreatedApiKey } from './api-keys.js';
import type {
  BuildEnvelope,
  BuildList,
  BuildLogs,
  BuildQuery,
  CreateBuildBody,
  CreatedBuild,
  UploadUrl,
} from './builds.js';
import { accessCalls } from './client-access.js';
import { auditCalls } from './client-audit.js';
import { leakCalls } from './client-leaks.js';
import { notificationCalls } from './client-notifications.js';
import { oauthCalls } from './client-oauth.js';
import { platformCalls } from './client-platform.js';
import { signInCalls } from './client-sign-in.js';
import type { DeploymentList } from './deployments.js';
import type { ErrorEnvelope, StatusOk } from './errors.js';
import type { LogList, LogQuery } from './logs.js';
import type { DailyKey, OrganizationList } from './organizations.js';
import type { PatchPropertiesBody, Properties, PropertySchema } from './properties.js';
import type { PutSecretBody, PutSecretResult, SecretSet, SecretSetList } from './secrets.js';
import type {
  SessionDetail,
  SessionList,
  SessionQuery,
  StartBody,
  StartedSession,
  StoppedSession,
} from './sessions.js';

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

/** What the server gives of a list at most; a literal, so that no schema is loaded into a browser for it. */
const widestPage = 1000;

export type Query = Record<string, string | number | boolean | undefined>;
/** One request; throws `ApiError` or `NetworkError`. */
export type RequestFunction = <T>(
  method: string,
  path: string,
  init?: { query?: Query; body?: unknown; timeoutMs?: number },
) => Promise<T>;
/** A GET whose answer may be of any length, in pieces as they arrive. Throws as `RequestFunction` does, also half-way. */
export type StreamFunction = (path: string, query?: Query) => AsyncIterable<Uint8Array>;

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

  async function* stream(path: string, query?: Query): AsyncGenerator<Uint8Array> {
    // Between two pieces, not for the whole: a long answer is not a late one.
    const silent = new AbortController();
    const wait = () => setTimeout(() => silent.abort(), options.timeoutMs ?? 60_000);
    let timer = wait();
    try {
      const response = await send(urlOf(path, query), {
        headers: headersFor('application/x-ndjson'),
        signal: silent.signal,
        redirect: 'error',
      });
      const type = response.headers.get('content-type') ?? '';
      if (!response.ok || !response.body || !type.startsWith('application/x-ndjson')) {
        throw refusal(response, await response.text(), host);
      }
      for await (const piece of response.body as unknown as AsyncIterable<Uint8Array>) {
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

  async function request<T>(
    method: string,
    path: string,
    init: { query?: Query; body?: unknown; timeoutMs?: number } = {},
  ): Promise<T> {
    const url = urlOf(path, init.query);
    const headers = headersFor('application/json');
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

  const org = (name: string) => `/v1/organizations/${encodeURIComponent(name)}`;
  const service = (o: string, name: string) => `${org(o)}/services/${encodeURIComponent(name)}`;
  const set = (o: string, name: string) => `${org(o)}/secrets/${encodeURIComponent(name)}`;

  return {
    request,
    whoAmI: () => request<WhoAmI>('GET', '/v1/users'),
    listOrganizations: () => request<OrganizationList>('GET', '/v1/organizations'),
    dailyKey: (o: string) => request<DailyKey>('GET', `${org(o)}/daily`),
    ...accessCalls(request),
    ...oauthCalls(request),
    ...auditCalls(request, stream),
    ...notificationCalls(request),
    ...leakCalls(request),
    ...signInCalls(request),
    ...platformCalls(request),

    /** One page where `limit` or `offset` is given, else every agent, however many pages they fill. */
    listServices: async (o: string, query: ServiceQuery = {}): Promise<ServiceList> => {
      const page = (paged: ServiceQuery) => request<ServiceList>('GET', `${org(o)}/services`, { query: paged });
      if (query.limit !== undefined || query.offset !== undefined) return await page(query);
      const first = await page(query);
      let { hasMore } = first;
      while (hasMore) {
        const next = await page({ ...query, limit: widestPage, offset: first.services.length });
        first.services.push(...next.services);
        hasMore = next.hasMore && next.services.length > 0;
      }
      return { ...first, hasMore: false };
    },
    getService: async (o: string, name: string) => (await request<WrappedService>('GET', service(o, name))).body,
    createService: (o: string, body: DeployBody) => request<Service>('POST', `${org(o)}/services`, { body }),
    updateService: (o: string, body: DeployBody) => request<Service>('PUT', `${org(o)}/services`, { body }),
    deleteService: (o: string, name: string) => request<StatusOk>('DELETE', service(o, name)),
    listDeployments: (o: string, name: string) => request<DeploymentList>('GET', `${service(o, name)}/deployments`),
    readLogs: (o: string, name: string, query: LogQuery = {}) =>
      request<LogList>('GET', `${service(o, name)}/logs`, { query }),

    listSessions: (o: string, name: string, query: SessionQuery = {}) =>
      request<SessionList>('GET', `${service(o, name)}/sessions`, { query }),
    getSession: (o: string, name: string, id: string) =>
      request<SessionDetail>('GET', `${service(o, name)}/sessions/${encodeURIComponent(id)}`),
    /** Waits for a cold start, so its deadline is longer than that of the other calls. */
    startSession: (o: string, name: string, body: StartBody) =>
      request<StartedSession>('POST', `${service(o, name)}/sessions`, { body, timeoutMs: 180_000 }),
    startPublic: (name: string, body: StartBody) =>
      request<StartedSession>('POST', `/v1/public/${encodeURIComponent(name)}/start`, { body, timeoutMs: 180_000 }),
    stopSession: (o: string, name: string, id: string) =>
      request<StoppedSession>('DELETE', `${service(o, name)}/sessions/${encodeURIComponent(id)}`),

    listApiKeys: (o: string) => request<ApiKeyList>('GET', `${org(o)}/apiKeys`),
    createApiKey: (o: string, body: CreateApiKeyBody) => request<CreatedApiKey>('POST', `${org(o)}/apiKeys`, { body }),
    revokeApiKey: (o: string, id: string) => request<StatusOk>('DELETE', `${org(o)}/apiKeys/${encodeURIComponent(id)}`),

    listSecretSets: (o: string, query: { region?: string } = {}) =>
      request<SecretSetList>('GET', `${org(o)}/secrets`, { query }),
    getSecretSet: (o: string, name: string) => request<SecretSet>('GET', set(o, name)),
    putSecret: (o: string, name: string, body: PutSecretBody) =>
      request<PutSecretResult>('PUT', set(o, name), { body }),
    deleteSecret: (o: string, name: string, key: string) =>
      request<StatusOk>('DELETE', `${set(o, name)}/${encodeURIComponent(key)}`),
    deleteSecretSet: (o: string, name: string) => request<StatusOk>('DELETE', set(o, name)),

    getProperties: (o: string) => request<Properties>('GET', `${org(o)}/properties`),
    getPropertySchema: (o: string) => request<PropertySchema>('GET', `${org(o)}/properties/schema`),
    patchProperties: (o: string, body: PatchPropertiesBody) =>
      request<Properties>('PATCH', `${org(o)}/properties`, { body }),

    createUpload: (o: string, body: { region?: string }) =>
      request<UploadUrl>('POST', `${org(o)}/builds/upload-url`, { body }),
    createBuild: (o: string, body: CreateBuildBody) => request<CreatedBuild>('POST', `${org(o)}/builds`, { body }),
    listBuilds: (o: string, query: BuildQuery = {}) => request<BuildList>('GET', `${org(o)}/builds`, { query }),
    getBuild: async (o: string, id: string) =>
      (await request<BuildEnvelope>('GET', `${org(o)}/builds/${encodeURIComponent(id)}`)).build,
    readBuildLogs: (o: string, id: string, query: { limit?: number; offset?: number } = {}) =>
      request<BuildLogs>('GET', `${org(o)}/builds/${encodeURIComponent(id)}/logs`, { query }),
  };
}
export type Client = ReturnType<typeof createClient>;

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
