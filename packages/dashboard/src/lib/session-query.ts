import { queryOptions } from '@tanstack/react-query';
import { api, isSignedOut } from './api';
import { sessionKey } from './query-client';

/** Who is signed in, `null` for nobody. */
export const sessionQuery = queryOptions({
  queryKey: sessionKey,
  queryFn: async (): Promise<{ email: string } | null> => {
    try {
      const { user } = await api.whoAmI();
      return { email: user.emails[0]?.emailAddress ?? '' };
    } catch (error) {
      if (isSignedOut(error)) return null;
      throw error;
    }
  },
  staleTime: 60_000,
});
