import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { useRouter } from '@tanstack/react-router';
import { api } from '../../lib/api';
import { goOn } from '../../lib/go-on';

export const methodsQuery = queryOptions({
  queryKey: ['sign-in-methods'],
  queryFn: () => api.signInMethods(),
  staleTime: 300_000,
});

/** One of the ways in; once it has worked, the page that was asked for. */
export function useSignIn(enter: () => Promise<unknown>, next: string) {
  const router = useRouter();
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: enter,
    onSuccess: () => {
      // A session may have run out before: what was read for somebody else must not be shown now.
      queryClient.clear();
      goOn(router.history, next);
    },
  });
}
