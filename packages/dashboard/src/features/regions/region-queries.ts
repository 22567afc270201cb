import { queryOptions } from '@tanstack/react-query';
import { api } from '../../lib/api';

/** Workers connect by themselves: asked for again while the page is visible. */
const refetchInterval = 5_000;

export const regionKeys = {
  all: (org: string) => ['org', org, 'regions'] as const,
};

export const regionsQuery = (org: string) =>
  queryOptions({
    queryKey: regionKeys.all(org),
    queryFn: async () => (await api.listRegions(org)).regions,
    refetchInterval,
  });

export const regionQuery = (org: string, key: string) =>
  queryOptions({
    queryKey: [...regionKeys.all(org), key] as const,
    queryFn: () => api.getRegion(org, key),
    refetchInterval,
  });
