import { queryOptions } from '@tanstack/react-query';
import { api } from '../../lib/api';

export const memberKeys = {
  members: (org: string) => ['org', org, 'members'] as const,
  invitations: (org: string) => ['org', org, 'invitations'] as const,
  tokens: (org: string, userId: string) => ['org', org, 'members', userId, 'tokens'] as const,
};

export const membersQuery = (org: string) =>
  queryOptions({
    queryKey: memberKeys.members(org),
    queryFn: async () => (await api.listMembers(org)).members,
    staleTime: 30_000,
  });

export const invitationsQuery = (org: string) =>
  queryOptions({
    queryKey: memberKeys.invitations(org),
    queryFn: async () => (await api.listInvitations(org)).invitations,
  });

export const memberTokensQuery = (org: string, userId: string) =>
  queryOptions({
    queryKey: memberKeys.tokens(org, userId),
    queryFn: async () => (await api.listMemberTokens(org, userId)).tokens,
    staleTime: 0,
  });
