import { queryOptions } from '@tanstack/react-query';
import { api } from '../../lib/api';

export const oauthKeys = { request: (uid: string) => ['oauth-request', uid] as const, logins: ['logins'] as const };

export const oauthRequestQuery = (uid: string) =>
  queryOptions({ queryKey: oauthKeys.request(uid), queryFn: () => api.getOauthRequest(uid), staleTime: 60_000 });

export const loginsQuery = queryOptions({
  queryKey: oauthKeys.logins,
  queryFn: async () => (await api.listLogins()).logins,
});
