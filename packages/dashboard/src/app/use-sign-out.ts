import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useRouter } from '@tanstack/react-router';
import { methodsQuery } from '../features/sign-in/sign-in-queries';
import { api } from '../lib/api';

/** Ends the session, goes to the sign-in page, and forgets all that was read: nothing stays for the next person at the same screen. */
export function useSignOut() {
  const queryClient = useQueryClient();
  const router = useRouter();
  return useMutation({
    mutationFn: api.signOut,
    onSuccess: async () => {
      await router.navigate({ to: '/sign-in', search: { next: router.state.location.href }, replace: true });
      // What the sign-in page reads is about nobody, and that page is shown already.
      queryClient.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== methodsQuery.queryKey[0] });
    },
  });
}
