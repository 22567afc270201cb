import { queryOptions, useQueryClient } from '@tanstack/react-query';
import { api } from '../../lib/api';

export const securityKeys = {
  all: ['security'] as const,
  facts: ['security', 'facts'] as const,
  passkeys: ['security', 'passkeys'] as const,
  sessions: ['security', 'sessions'] as const,
};

export const factsQuery = queryOptions({ queryKey: securityKeys.facts, queryFn: () => api.security(), staleTime: 0 });
export const passkeysQuery = queryOptions({
  queryKey: securityKeys.passkeys,
  queryFn: async () => (await api.listPasskeys()).passkeys,
});
export const sessionsQuery = queryOptions({
  queryKey: securityKeys.sessions,
  queryFn: async () => (await api.listDashboardSessions()).sessions,
});

/** After a change everything on the page is asked for again: most changes show in more than one place. */
export function useSecurityRefresh(): () => Promise<void> {
  const queryClient = useQueryClient();
  return () => queryClient.invalidateQueries({ queryKey: securityKeys.all });
}
