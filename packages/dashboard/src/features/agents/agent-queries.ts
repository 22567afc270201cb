import { queryOptions } from '@tanstack/react-query';
import { api } from '../../lib/api';

/** What runs changes by itself: asked for again while the page is visible. */
const refetchInterval = 5_000;
/** Of its last sessions, this many say how long starts take. */
const measuredSessions = 100;

/** All of an agent stands below the key of the list, so that one change reads all of it anew. */
export const agentKeys = {
  list: (org: string) => ['agents', org] as const,
  one: (org: string, name: string) => ['agents', org, name] as const,
};

export const capacityQuery = (org: string, name: string) =>
  queryOptions({
    queryKey: [...agentKeys.one(org, name), 'capacity'] as const,
    queryFn: () => api.getCapacity(org, name),
    refetchInterval,
  });

export const deploymentsQuery = (org: string, name: string) =>
  queryOptions({
    queryKey: [...agentKeys.one(org, name), 'deployments'] as const,
    queryFn: async () => (await api.listDeployments(org, name)).deployments,
    refetchInterval,
  });

export const lastSessionsQuery = (org: string, name: string) =>
  queryOptions({
    queryKey: [...agentKeys.one(org, name), 'last-sessions'] as const,
    queryFn: async () => (await api.listSessions(org, name, { status: 'all', limit: measuredSessions })).sessions,
    refetchInterval,
  });

export const profilesQuery = (org: string) =>
  queryOptions({
    queryKey: ['org', org, 'agent-profiles'] as const,
    queryFn: async () => (await api.listAgentProfiles(org)).agentProfiles,
    staleTime: 60_000,
  });

export const logRetentionQuery = (org: string, name: string) =>
  queryOptions({
    queryKey: [...agentKeys.one(org, name), 'log-retention'] as const,
    queryFn: () => api.getLogRetention(org, name),
  });
