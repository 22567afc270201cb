import { queryOptions } from '@tanstack/react-query';
import { api } from '../../lib/api';

export const apiKeyKeys = { all: (org: string) => ['org', org, 'keys'] as const };

export const apiKeysQuery = (org: string) =>
  queryOptions({ queryKey: apiKeyKeys.all(org), queryFn: () => api.listApiKeys(org) });
