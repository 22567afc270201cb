import { useQueryClient } from '@tanstack/react-query';
import { useRouter } from '@tanstack/react-router';
import { SignInWays } from '../features/sign-in/sign-in-ways';
import { api } from '../lib/api';
import { sessionKey } from '../lib/query-client';
import { Dialog } from '../ui/dialog';

/** Over a page whose session has ended: the same person goes on where they were, anybody else begins anew. */
export function SessionEnded({ email }: { email: string }) {
  const queryClient = useQueryClient();
  const { state } = useRouter();
  async function onSignedIn() {
    const { user } = await api.whoAmI();
    const now = user.emails[0]?.emailAddress ?? '';
    if (now !== email) return window.location.replace('/');
    queryClient.setQueryData(sessionKey, { email });
    await queryClient.invalidateQueries();
  }
  return (
    <Dialog title="Your session has ended" onClose={() => {}} keepOpen>
      <p className="mt-1.5 mb-5 text-sm text-muted">
        Sign in again as <strong className="font-medium text-ink wrap-anywhere">{email}</strong> to go on where you
        were. Nothing that you typed is lost.
      </p>
      <SignInWays email={email} next={state.location.href} onSignedIn={onSignedIn} />
    </Dialog>
  );
}
