import type {
  DeployBody,
  PromoteBody,
  RollbackBody,
  Service,
  ServiceList,
  ServiceQuery,
  WrappedService,
} from './agents.js';
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
import type { RequestFunction } from './client.js';
import type { DeploymentList } from './deployments.js';
import type { StatusOk } from './errors.js';
import type { Capacity } from './pool.js';
import type { PatchPropertiesBody, Properties, PropertySchema } from './properties.js';
import type { PutSecretBody, PutSecretHeaders, PutSecretResult, SecretSet, SecretSetList } from './secrets.js';
import type {
  SessionDetail,
  SessionList,
  SessionQuery,
  SessionTrace,
  StartBody,
  StartedSession,
  StoppedSession,
} from './sessions.js';

export interface StartOptions {
  /** Sent again with the same key and body, a start makes no second session. */
  idempotencyKey?: string;
}

const startOf = (body: StartBody, { idempotencyKey }: StartOptions) => ({
  body,
  timeoutMs: 180_000 + (body.waitSeconds ?? 0) * 1000,
  ...(idempotencyKey === undefined ? {} : { headers: { 'idempotency-key': idempotencyKey } }),
});

/** What the server gives of a list at most; a literal, so that no schema is loaded into a browser for it. */
const widestPage = 1000;

/** The calls about agents and what belongs to them: one per route, spread into the client. The wire says service where we say agent. */
export function agentCalls(request: RequestFunction) {
  const org = (name: string) => `/v1/organizations/${encodeURIComponent(name)}`;
  const service = (o: string, name: string) => `${org(o)}/services/${encodeURIComponent(name)}`;
  const set = (o: string, name: string) => `${org(o)}/secrets/${encodeURIComponent(name)}`;

  return {
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
    getCapacity: (o: string, name: string) => request<Capacity>('GET', `${service(o, name)}/capacity`),
    listDeployments: (o: string, name: string) => request<DeploymentList>('GET', `${service(o, name)}/deployments`),
    promoteService: async (o: string, name: string, body: PromoteBody = {}) =>
      (await request<WrappedService>('POST', `${service(o, name)}/promote`, { body })).body,
    rollBackService: async (o: string, name: string, body: RollbackBody = {}) =>
      (await request<WrappedService>('POST', `${service(o, name)}/rollback`, { body })).body,

    listSessions: (o: string, name: string, query: SessionQuery = {}) =>
      request<SessionList>('GET', `${service(o, name)}/sessions`, { query }),
    getSession: (o: string, name: string, id: string) =>
      request<SessionDetail>('GET', `${service(o, name)}/sessions/${encodeURIComponent(id)}`),
    getSessionTrace: (o: string, name: string, id: string) =>
      request<SessionTrace>('GET', `${service(o, name)}/sessions/${encodeURIComponent(id)}/trace`),
    /** Waits for a cold start, so its deadline is longer than that of the other calls. */
    startSession: (o: string, name: string, body: StartBody, options: StartOptions = {}) =>
      request<StartedSession>('POST', `${service(o, name)}/sessions`, startOf(body, options)),
    startPublic: (name: string, body: StartBody, options: StartOptions = {}) =>
      request<StartedSession>('POST', `/v1/public/${encodeURIComponent(name)}/start`, startOf(body, options)),
    stopSession: (o: string, name: string, id: string) =>
      request<StoppedSession>('DELETE', `${service(o, name)}/sessions/${encodeURIComponent(id)}`),

    listApiKeys: (o: string) => request<ApiKeyList>('GET', `${org(o)}/apiKeys`),
    createApiKey: (o: string, body: CreateApiKeyBody) => request<CreatedApiKey>('POST', `${org(o)}/apiKeys`, { body }),
    revokeApiKey: (o: string, id: string) => request<StatusOk>('DELETE', `${org(o)}/apiKeys/${encodeURIComponent(id)}`),

    listSecretSets: (o: string, query: { region?: string } = {}) =>
      request<SecretSetList>('GET', `${org(o)}/secrets`, { query }),
    getSecretSet: (o: string, name: string) => request<SecretSet>('GET', set(o, name)),
    /** `headers`: only where there is such a set, or only where there is none. */
    putSecret: (o: string, name: string, body: PutSecretBody, headers: PutSecretHeaders = {}) =>
      request<PutSecretResult>('PUT', set(o, name), { body, headers }),
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
    cancelBuild: async (o: string, id: string) =>
      (await request<BuildEnvelope>('POST', `${org(o)}/builds/${encodeURIComponent(id)}/cancel`)).build,
    readBuildLogs: (o: string, id: string, query: { limit?: number; offset?: number } = {}) =>
      request<BuildLogs>('GET', `${org(o)}/builds/${encodeURIComponent(id)}/logs`, { query }),
  };
}
