import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { api } from '../../lib/api';
import { sessionKey } from '../../lib/query-client';
import { Panel } from '../../ui/card';
import { Page } from '../../ui/page';
import { Failure, Loading } from '../../ui/states';
import { oauthRequestQuery } from './oauth-queries';
import { RequestDetails } from './request-details';

const route = getRouteApi('/signed-in/oauth/consent');

/** A program on this computer asks to sign in through this browser. */
export function ConsentPage() {
  const { uid } = route.useSearch();
  const session = useQueryClient().getQueryData<{ email: string }>(sessionKey);
  const request = useQuery(oauthRequestQuery(uid));
  const decide = useMutation({
    mutationFn: (decision: 'allow' | 'deny') => api.decideOauthRequest(uid, { decision }),
    onSuccess: ({ continueAt }) => {
      const next = new URL(continueAt, window.location.href);
      // The server sends the browser on from there; this page itself leads nowhere else.
      window.location.assign(`${next.pathname}${next.search}`);
    },
  });
  return (
    <Page title="Sign in the command line">
      <Panel>
        {request.isPending && <Loading what="the request" />}
        {request.isError && <Failure error={request.error} />}
        {request.data && (
          <RequestDetails
            request={request.data}
            email={session?.email ?? ''}
            busy={decide.isPending || decide.isSuccess}
            onAllow={() => decide.mutate('allow')}
            onDeny={() => decide.mutate('deny')}
            error={decide.error}
          />
        )}
      </Panel>
    </Page>
  );
}
