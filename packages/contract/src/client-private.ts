import type { DeployBody, PrivateService, PrivateServiceList, UpdateAgentBody } from './agents.js';
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
import type { StatusOk } from './errors.js';
import type { LogList, LogQuery } from './logs.js';
import type { PatchPropertiesBody, Properties, PropertySchema } from './properties.js';
import type { RegionList } from './regions.js';
import type { PutSecretBody, PutSecretHeaders, PutSecretResult, SecretSet, SecretSetList } from './secrets.js';
import type { PrivateSessionList, SessionDetail, SessionQuery, StoppedSession } from './sessions.js';

/** The private REST API: the calls of a client whose token is a private key (`sk_…`). The key gives the organization. */
export function privateCalls(request: RequestFunction) {
  const segment = encodeURIComponent;
  const agent = (name: string) => `/v1/agents/${segment(name)}`;
  const session = (name: string, id: string) => `${agent(name)}/sessions/${segment(id)}`;
  const set = (name: string) => `/v1/secrets/${segment(name)}`;
  const build = (id: string) => `/v1/builds/${segment(id)}`;
  return {
    listAgentsByKey: (
      query: { region?: string; includeActiveDeployment?: boolean; limit?: number; offset?: number } = {},
    ) => request<PrivateServiceList>('GET', '/v1/agents', { query }),
    createAgentByKey: (body: DeployBody) => request<PrivateService>('POST', '/v1/agents', { body }),
    getAgentByKey: (name: string) => request<PrivateService>('GET', agent(name)),
    updateAgentByKey: (name: string, body: UpdateAgentBody) => request<PrivateService>('POST', agent(name), { body }),
    deleteAgentByKey: (name: string) => request<StatusOk>('DELETE', agent(name)),
    readLogsByKey: (name: string, query: LogQuery = {}) => request<LogList>('GET', `${agent(name)}/logs`, { query }),
    listSessionsByKey: (name: string, query: SessionQuery = {}) =>
      request<PrivateSessionList>('GET', `${agent(name)}/sessions`, { query }),
    getSessionByKey: (name: string, id: string) => request<SessionDetail>('GET', session(name, id)),
    stopSessionByKey: (name: string, id: string) => request<StoppedSession>('DELETE', session(name, id)),

    listSecretSetsByKey: (query: { region?: string } = {}) => request<SecretSetList>('GET', '/v1/secrets', { query }),
    getSecretSetByKey: (name: string) => request<SecretSet>('GET', set(name)),
    putSecretByKey: (name: string, body: PutSecretBody, headers: PutSecretHeaders = {}) =>
      request<PutSecretResult>('PUT', set(name), { body, headers }),
    deleteSecretSetByKey: (name: string) => request<StatusOk>('DELETE', set(name)),
    deleteSecretByKey: (name: string, key: string) => request<StatusOk>('DELETE', `${set(name)}/${segment(key)}`),

    getPropertiesByKey: () => request<Properties>('GET', '/v1/properties'),
    getPropertySchemaByKey: () => request<PropertySchema>('GET', '/v1/properties/schema'),
    patchPropertiesByKey: (body: PatchPropertiesBody) => request<PropertySchema>('PATCH', '/v1/properties', { body }),
    listRegionsByKey: () => request<RegionList>('GET', '/v1/regions'),

    createUploadByKey: (body: { region?: string } = {}) =>
      request<UploadUrl>('POST', '/v1/builds/upload-url', { body }),
    createBuildByKey: (body: CreateBuildBody) => request<CreatedBuild>('POST', '/v1/builds', { body }),
    listBuildsByKey: (query: BuildQuery = {}) => request<BuildList>('GET', '/v1/builds', { query }),
    getBuildByKey: async (id: string) => (await request<BuildEnvelope>('GET', build(id))).build,
    cancelBuildByKey: async (id: string) => (await request<BuildEnvelope>('POST', `${build(id)}/cancel`)).build,
    readBuildLogsByKey: (id: string, query: { limit?: number; offset?: number } = {}) =>
      request<BuildLogs>('GET', `${build(id)}/logs`, { query }),
  };
}
