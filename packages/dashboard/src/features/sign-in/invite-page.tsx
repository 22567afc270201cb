import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { useEffect, useState } from 'react';
import { api } from '../../lib/api';
import { sessionQuery } from '../../lib/session-query';
import { useTitle } from '../../lib/use-title';
import { Alert } from '../../ui/alert';
import { Button } from '../../ui/button';
import { Loaded } from '../../ui/states';
import { Entrance, SignInInstead } from './entrance';
import { dropInvitation, keepInvitation } from './invitation-code';

/** Where the link of an invitation leads: newcomers get an account, who is signed in joins with theirs. */
export function InvitePage() {
  useTitle('Invitation');
  const [code] = useState(keepInvitation);
  const session = useQuery(sessionQuery);
  const navigate = useNavigate();
  const queryClient = useQueryClient();
  const email = session.data?.email;
  const accept = useMutation({
    mutationFn: () => (email ? api.acceptInvitation({ code }) : api.acceptAsNewcomer({ code })),
    onSuccess: async ({ organization }) => {
      dropInvitation();
      queryClient.clear();
      await navigate({ to: '/', search: { org: organization }, replace: true });
    },
  });
  // The code leaves the address bar, and with it the browser's history.
  useEffect(() => window.history.replaceState(window.history.state, '', '/invite'), []);

  if (code === '') return <NoCode />;
  if (session.data === undefined) {
    return (
      <Entrance title="You are invited" about="To a team on this Pipecat Cloud.">
        <Loaded query={session} what="the invitation">
          {() => null}
        </Loaded>
      </Entrance>
    );
  }
  return (
    <Entrance
      title="You are invited"
      about={
        email ? (
          <>
            You are signed in as <strong className="font-medium text-ink wrap-anywhere">{email}</strong> and join with
            this account.
          </>
        ) : (
          'To a team on this Pipecat Cloud. Accepting makes an account for the address that the invitation went to.'
        )
      }
    >
      <div className="space-y-4">
        {accept.isError && <Alert>{accept.error.message}</Alert>}
        <Button look="primary" className="w-full" busy={accept.isPending} onClick={() => accept.mutate()}>
          {email ? 'Join the organization' : 'Accept and make my account'}
        </Button>
        {email ? (
          <p className="text-center text-sm">
            <Link to="/" className="text-accent underline underline-offset-4">
              Go to the dashboard instead
            </Link>
          </p>
        ) : (
          <p className="text-center text-sm text-muted">
            You have an account here?{' '}
            <Link to="/sign-in" search={{ next: '/invite' }} className="text-accent underline underline-offset-4">
              Sign in first
            </Link>
          </p>
        )}
      </div>
    </Entrance>
  );
}

function NoCode() {
  return (
    <Entrance title="This link is not whole" about="Copy the whole link of the invitation, from http to its end.">
      <SignInInstead />
    </Entrance>
  );
}
