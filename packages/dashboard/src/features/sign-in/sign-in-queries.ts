import { queryOptions } from '@tanstack/react-query';
import { api } from '../../lib/api';

export const methodsQuery = queryOptions({
  queryKey: ['sign-in-methods'],
  queryFn: () => api.signInMethods(),
  staleTime: 300_000,
});
