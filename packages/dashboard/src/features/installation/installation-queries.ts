import { ApiError } from '@pipecat-cloud/contract/client';
import { queryOptions } from '@tanstack/react-query';
import { api } from '../../lib/api';

export const healthQuery = queryOptions({
  queryKey: ['installation', 'health'] as const,
  queryFn: () => api.installationHealth(),
  // Whoever may not look is not asked again.
  refetchInterval: ({ state }) => (isRefusal(state.error) ? false : 10_000),
});

/** The server says that somebody else runs the installation. */
export const isRefusal = (error: unknown) => error instanceof ApiError && error.status === 403;
