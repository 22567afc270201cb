import { ApiError } from '@pipecat-cloud/contract/client';
import { focusManager, MutationCache, QueryCache, QueryClient, queryOptions } from '@tanstack/react-query';
import { isSignedOut } from './api';
import { isPolicyOfSecondFactor } from './refusals';

/** Who is signed in; `null` once the server has said that nobody is. */
export const sessionKey = ['session'] as const;

/** True once a policy has refused this session for want of a second factor; the layout offers the way on. */
export const secondFactorQuery = queryOptions({
  queryKey: ['second-factor-wanted'],
  queryFn: () => false,
  staleTime: Number.POSITIVE_INFINITY,
});

/** A window may be in view all the time, beside the one in which somebody changes what it shows. */
function readOnFocus(): void {
  focusManager.setEventListener((onFocus) => {
    if (typeof window === 'undefined') return;
    const look = () => onFocus();
    window.addEventListener('visibilitychange', look);
    window.addEventListener('focus', look);
    return () => {
      window.removeEventListener('visibilitychange', look);
      window.removeEventListener('focus', look);
    };
  });
}

/** Any answer that says "signed out" empties the session, and the layout then shows the sign-in page. What is older than a few seconds is read again when the window gets the focus. */
export function createQueryClient(): QueryClient {
  readOnFocus();
  const onError = (error: unknown) => {
    if (isSignedOut(error)) client.setQueryData(sessionKey, null);
    if (isPolicyOfSecondFactor(error)) client.setQueryData(secondFactorQuery.queryKey, true);
  };
  const client: QueryClient = new QueryClient({
    queryCache: new QueryCache({ onError }),
    mutationCache: new MutationCache({
      // A refused code on the sign-in page is a 401 as well, and nobody is signed in there anyway.
      onError,
    }),
    defaultOptions: {
      queries: {
        staleTime: 5_000,
        // What the server refused it will refuse again; a network may come back.
        retry: (count, error) => count < 2 && !(error instanceof ApiError && error.status < 500),
      },
      // Without a network a change fails at once, and says so; waiting, it would happen later, when nobody expects it any more.
      mutations: { networkMode: 'always', gcTime: 0 },
    },
  });
  return client;
}
