import { useQueryClient } from '@tanstack/react-query';
import { getRouteApi, useRouter } from '@tanstack/react-router';
import { goOn } from '../../lib/go-on';
import { useTitle } from '../../lib/use-title';
import { Alert } from '../../ui/alert';
import { Entrance } from './entrance';
import { sentenceOf } from './problems';
import { SignInWays } from './sign-in-ways';

const route = getRouteApi('/sign-in');

export function SignInPage() {
  useTitle('Sign in');
  const { next, problem } = route.useSearch();
  const router = useRouter();
  const queryClient = useQueryClient();
  const sentence = sentenceOf(problem);
  function onSignedIn() {
    // A session may have run out before: what was read for somebody else must not be shown now.
    queryClient.clear();
    goOn(router.history, next);
  }
  return (
    <Entrance title="Sign in" about="To your team’s agents, sessions and credentials.">
      {sentence && (
        <div className="mb-4">
          <Alert>{sentence}</Alert>
        </div>
      )}
      <SignInWays next={next} onSignedIn={onSignedIn} />
    </Entrance>
  );
}
