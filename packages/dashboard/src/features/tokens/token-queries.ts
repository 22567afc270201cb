import { queryOptions } from '@tanstack/react-query';
import { api } from '../../lib/api';

export const tokenKeys = {
  all: ['tokens'] as const,
  one: (id: string) => ['tokens', id] as const,
  ofServiceAccounts: (org: string) => ['org', org, 'service-accounts'] as const,
  ofOrganization: (org: string) => ['org', org, 'tokens'] as const,
};

export const tokensQuery = queryOptions({
  queryKey: tokenKeys.all,
  queryFn: async () => (await api.listTokens()).tokens,
});

export const tokenQuery = (id: string) =>
  queryOptions({ queryKey: tokenKeys.one(id), queryFn: async () => (await api.getToken(id)).token });

/** Every token that reaches the organization, whoever owns it. */
export const organizationTokensQuery = (org: string) =>
  queryOptions({
    queryKey: tokenKeys.ofOrganization(org),
    queryFn: async () => (await api.listOrganizationTokens(org)).tokens,
  });

/** Names of agents to pick from; a role that may not see them picks none. */
export const agentNamesQuery = (org: string | undefined) =>
  queryOptions({
    queryKey: ['org', org ?? '', 'agent-names'],
    queryFn: async () => (org ? (await api.listServices(org, { limit: 20 })).services.map(({ name }) => name) : []),
    enabled: org !== undefined,
    staleTime: 60_000,
  });

/** What the audit log of an organization has of a token; asked of organizations whose log the person may read. */
export const tokenUseQuery = (org: string, id: string) =>
  queryOptions({
    queryKey: ['org', org, 'audit', 'of-token', id],
    queryFn: async () => (await api.listAudit(org, { credential: id, limit: 10 })).records,
  });
