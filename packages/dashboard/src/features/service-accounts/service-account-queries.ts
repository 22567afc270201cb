import { queryOptions } from '@tanstack/react-query';
import { api } from '../../lib/api';
import { tokenKeys } from '../tokens/token-queries';

export const serviceAccountKeys = {
  all: (org: string) => tokenKeys.ofServiceAccounts(org),
  one: (org: string, id: string) => [...tokenKeys.ofServiceAccounts(org), id] as const,
  tokens: (org: string, id: string) => [...tokenKeys.ofServiceAccounts(org), id, 'tokens'] as const,
};

export const serviceAccountsQuery = (org: string) =>
  queryOptions({
    queryKey: serviceAccountKeys.all(org),
    queryFn: async () => (await api.listServiceAccounts(org)).serviceAccounts,
  });

export const serviceAccountQuery = (org: string, id: string) =>
  queryOptions({
    queryKey: serviceAccountKeys.one(org, id),
    queryFn: async () => (await api.getServiceAccount(org, id)).serviceAccount,
  });

export const serviceAccountTokensQuery = (org: string, id: string) =>
  queryOptions({
    queryKey: serviceAccountKeys.tokens(org, id),
    queryFn: async () => (await api.listServiceAccountTokens(org, id)).tokens,
  });
