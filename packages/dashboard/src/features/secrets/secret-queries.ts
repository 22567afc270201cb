import type { SecretSetList } from '@pipecat-cloud/contract/secrets';
import { queryOptions } from '@tanstack/react-query';
import { api } from '../../lib/api';

export type SecretSetEntry = SecretSetList['sets'][number];

export const secretKeys = {
  all: (org: string) => ['org', org, 'secrets'] as const,
};

export const secretSetsQuery = (org: string) =>
  queryOptions({
    queryKey: secretKeys.all(org),
    queryFn: async () => (await api.listSecretSets(org)).sets,
  });

/** Names of keys; values are never read back. Not for image pull secrets, of which nothing is shown. */
export const secretSetQuery = (org: string, name: string) =>
  queryOptions({
    queryKey: [...secretKeys.all(org), name] as const,
    queryFn: () => api.getSecretSet(org, name),
  });
