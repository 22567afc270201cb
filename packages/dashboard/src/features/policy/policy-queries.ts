import { queryOptions } from '@tanstack/react-query';
import { api } from '../../lib/api';

export const policyKeys = { policy: (org: string) => ['org', org, 'policy'] as const };

export const policyQuery = (org: string) =>
  queryOptions({ queryKey: policyKeys.policy(org), queryFn: () => api.getPolicy(org) });
