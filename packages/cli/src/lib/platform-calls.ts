import type { Client } from '@pipecat-cloud/contract/client';

interface SpendLimit {
  limitCents: number | null;
  currentSpendCents: number;
  periodStart: string;
  periodEnd: string;
  blocked: boolean;
  blockedAt: string | null;
}
interface AgentProfile {
  apiName: string;
  displayName: string;
  resources: { cpu: string; memory: string };
  custom: boolean;
  enabled: boolean;
}
interface Region {
  region_key: string;
  display_name: string | null;
  enrollment_status: string;
  ws_public_endpoint: string | null;
  supported_architectures: string[] | null;
  default_architecture: string | null;
  workloads_namespace: string | null;
  workers: { id: string; name: string; architecture: string | null; enrolled_at: string; connected: boolean }[];
}
export function platform({ request }: Client) {
  const org = (name: string) => `/v1/organizations/${encodeURIComponent(name)}`;
  const region = (o: string, key: string) => `${org(o)}/regions/${encodeURIComponent(key)}`;
  return {
    registerRegion: (o: string, body: unknown) => request<Region>('POST', `${org(o)}/regions`, { body }),
    getRegion: (o: string, key: string) => request<Region>('GET', region(o, key)),
    deleteRegion: (o: string, key: string) => request<{ status: 'OK' }>('DELETE', region(o, key)),
    createEnrollmentToken: (o: string, key: string) =>
      request<{ token: string; region_key: string; expires_at: string }>(
        'POST',
        `${region(o, key)}/enrollment-tokens`,
        {
          body: {},
        },
      ),
    listAgentProfiles: (o: string) => request<{ agentProfiles: AgentProfile[] }>('GET', `${org(o)}/agent-profiles`),
    createAgentProfile: (o: string, body: unknown) =>
      request<AgentProfile>('POST', `${org(o)}/agent-profiles`, { body }),
    patchAgentProfile: (o: string, name: string, body: unknown) =>
      request<AgentProfile>('PATCH', `${org(o)}/agent-profiles/${encodeURIComponent(name)}`, { body }),
    getSpendLimit: (o: string) => request<SpendLimit>('GET', `${org(o)}/spend-limit`),
    putSpendLimit: (o: string, body: { limitCents: number | null }) =>
      request<SpendLimit>('PUT', `${org(o)}/spend-limit`, { body }),
    referenceSecretSet: (o: string, body: { name: string; region: string }) =>
      request<{ name: string; region: string; type: string; status: string; source: string }>(
        'POST',
        `${org(o)}/secrets/references`,
        { body },
      ),
  };
}
