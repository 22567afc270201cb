import { queryOptions } from '@tanstack/react-query';
import { api } from '../../lib/api';

export const tokenKeys = { all: ['tokens'] as const };

export const tokensQuery = queryOptions({
  queryKey: tokenKeys.all,
  queryFn: async () => (await api.listTokens()).tokens,
});
