import type { UsageQuery } from '@pipecat-cloud/contract/usage';
import { queryOptions } from '@tanstack/react-query';
import { api } from '../../lib/api';

export const usageQuery = (org: string, range: Required<UsageQuery>) =>
  queryOptions({
    queryKey: ['org', org, 'usage', range] as const,
    queryFn: () => api.getUsage(org, range),
    refetchInterval: 60_000,
  });
