import type { Login } from '@pipecat-cloud/contract/oauth';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { api } from '../../lib/api';
import { ago, date, dateTime } from '../../lib/format';
import { Button } from '../../ui/button';
import { Card } from '../../ui/card';
import { CodeBlock } from '../../ui/code-block';
import { Page } from '../../ui/page';
import { Empty, Failure, Loading } from '../../ui/states';
import { loginsQuery, oauthKeys } from './oauth-queries';

/** Where the command line is signed in as this person. */
export function LoginsPage() {
  return (
    <Page
      title="Sign-ins of the command line"
      about="Computers on which you ran pipecat cloud auth login. Each acts as you until it ends; ending one works at once."
    >
      <Card title="Signed in">
        <LoginList />
      </Card>
    </Page>
  );
}

export function LoginList() {
  const queryClient = useQueryClient();
  const logins = useQuery(loginsQuery);
  const end = useMutation({
    mutationFn: (id: string) => api.endLogin(id),
    onSettled: () => queryClient.invalidateQueries({ queryKey: oauthKeys.logins }),
  });
  if (logins.isPending) return <Loading what="sign-ins" />;
  if (logins.isError) return <Failure error={logins.error} onRetry={() => logins.refetch()} />;
  if (logins.data.length === 0) {
    return (
      <Empty title="The command line is signed in nowhere">
        <p className="mb-3">On a computer of yours, run:</p>
        <CodeBlock text="pipecat cloud auth login" name="the command" />
      </Empty>
    );
  }
  return (
    <>
      {end.isError && <Failure error={end.error} />}
      <ul className="divide-y divide-line">
        {logins.data.map((login) => (
          <LoginRow
            key={login.id}
            login={login}
            busy={end.isPending && end.variables === login.id}
            onEnd={() => end.mutate(login.id)}
          />
        ))}
      </ul>
    </>
  );
}

function LoginRow({ login, busy, onEnd }: { login: Login; busy: boolean; onEnd: () => void }) {
  const place = login.address ?? 'an unknown address';
  return (
    <li className="flex flex-wrap items-center justify-between gap-x-6 gap-y-3 px-4 py-4 sm:px-5">
      <div className="min-w-0 flex-1 basis-64">
        <p className="font-semibold">
          {login.clientName}, {login.via === 'device' ? 'with a code from' : 'in a browser at'} {place}
        </p>
        {login.userAgent && <p className="mt-1 text-sm text-muted wrap-anywhere">{login.userAgent}</p>}
        <p className="mt-1 text-sm text-muted">
          <span title={dateTime(login.createdAt)}>Since {date(login.createdAt)}</span>
          <span aria-hidden="true"> · </span>
          {login.lastIssuedAt ? `last renewed ${ago(login.lastIssuedAt)}` : 'never used'}
          <span aria-hidden="true"> · </span>
          ends on {date(login.expiresAt)} at the latest
        </p>
      </div>
      <Button
        look="quietDanger"
        busy={busy}
        aria-label={`End the sign-in of ${date(login.createdAt)} from ${place}`}
        onClick={onEnd}
      >
        End
      </Button>
    </li>
  );
}
