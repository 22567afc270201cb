import type {
  AgentProfile,
  AgentProfileList,
  CreateAgentProfileBody,
  PatchAgentProfileBody,
} from './agent-profiles.js';
import type { RequestFunction } from './client.js';
import type { DailySettings, PutDailySettingsBody } from './daily.js';
import type { StatusOk } from './errors.js';
import type { EnrollmentToken, Region, RegionList, RegisterRegionBody } from './regions.js';
import type { RegistryKeyList } from './registry-keys.js';
import type { ReferencedSecretSet, ReferenceSecretBody } from './secrets.js';
import type { PutSpendLimitBody, SpendLimit } from './spend-limit.js';
import type { Usage, UsageQuery } from './usage.js';

/** The calls about where and how agents run: regions, profiles, spend (contract §13). */
export function platformCalls(request: RequestFunction) {
  const segment = encodeURIComponent;
  const org = (name: string) => `/v1/organizations/${segment(name)}`;
  const region = (o: string, key: string) => `${org(o)}/regions/${segment(key)}`;
  return {
    listRegions: (o: string) => request<RegionList>('GET', `${org(o)}/regions`),
    registerRegion: (o: string, body: RegisterRegionBody) => request<Region>('POST', `${org(o)}/regions`, { body }),
    getRegion: (o: string, key: string) => request<Region>('GET', region(o, key)),
    deleteRegion: (o: string, key: string) => request<StatusOk>('DELETE', region(o, key)),
    createEnrollmentToken: (o: string, key: string) =>
      request<EnrollmentToken>('POST', `${region(o, key)}/enrollment-tokens`, { body: {} }),

    listAgentProfiles: (o: string) => request<AgentProfileList>('GET', `${org(o)}/agent-profiles`),
    createAgentProfile: (o: string, body: CreateAgentProfileBody) =>
      request<AgentProfile>('POST', `${org(o)}/agent-profiles`, { body }),
    patchAgentProfile: (o: string, name: string, body: PatchAgentProfileBody) =>
      request<AgentProfile>('PATCH', `${org(o)}/agent-profiles/${segment(name)}`, { body }),

    /** 404 where there is neither a limit nor a price. */
    getSpendLimit: (o: string) => request<SpendLimit>('GET', `${org(o)}/spend-limit`),
    putSpendLimit: (o: string, body: PutSpendLimitBody) =>
      request<SpendLimit>('PUT', `${org(o)}/spend-limit`, { body }),

    getUsage: (o: string, query: UsageQuery = {}) => request<Usage>('GET', `${org(o)}/usage`, { query }),

    dailySettings: (o: string) => request<DailySettings>('GET', `${org(o)}/daily/settings`),
    putDailySettings: (o: string, body: PutDailySettingsBody) =>
      request<DailySettings>('PUT', `${org(o)}/daily/settings`, { body }),
    removeDailySettings: (o: string) => request<StatusOk>('DELETE', `${org(o)}/daily/settings`),

    referenceSecretSet: (o: string, body: ReferenceSecretBody) =>
      request<ReferencedSecretSet>('POST', `${org(o)}/secrets/references`, { body }),
    listRegistryKeys: (o: string) => request<RegistryKeyList>('GET', `${org(o)}/registry-keys`),
  };
}
