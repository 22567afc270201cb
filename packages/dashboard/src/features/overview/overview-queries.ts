import { queryOptions } from '@tanstack/react-query';
import { api } from '../../lib/api';

/** What runs changes by itself: asked for again while the page is visible. */
const refetchInterval = 5_000;

export const agentsQuery = (org: string) =>
  queryOptions({
    queryKey: ['agents', org] as const,
    queryFn: async () => (await api.listServices(org)).services,
    refetchInterval,
  });

export const agentQuery = (org: string, name: string) =>
  queryOptions({
    queryKey: ['agents', org, name] as const,
    queryFn: () => api.getService(org, name),
    refetchInterval,
    // Forms begin with it: what was changed a moment ago, in another window or from a command line, is not shown as it was before.
    refetchOnWindowFocus: 'always',
  });

export const recentSessionsQuery = (org: string, name: string) =>
  queryOptions({
    queryKey: ['agents', org, name, 'sessions'] as const,
    queryFn: async () => (await api.listSessions(org, name, { status: 'all', limit: 8 })).sessions,
    refetchInterval,
  });
