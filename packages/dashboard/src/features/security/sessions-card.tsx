import type { DashboardSession } from '@pipecat-cloud/contract/sign-in';
import { useMutation, useQuery } from '@tanstack/react-query';
import { api } from '../../lib/api';
import { ago, dateTime } from '../../lib/format';
import { browserOf } from '../../lib/user-agent';
import { Badge } from '../../ui/badge';
import { Button } from '../../ui/button';
import { Card } from '../../ui/card';
import { Failure, Loading } from '../../ui/states';
import { sessionsQuery, useSecurityRefresh } from './security-queries';

export function SessionsCard() {
  const refresh = useSecurityRefresh();
  const sessions = useQuery(sessionsQuery);
  const endOthers = useMutation({ mutationFn: () => api.endOtherDashboardSessions(), onSuccess: refresh });
  const others = (sessions.data ?? []).filter(({ current }) => !current).length;
  return (
    <Card
      title="Where you are signed in"
      about="A session ends after two hours without use, and after twelve in any case."
      actions={
        others > 0 && (
          <Button look="quietDanger" busy={endOthers.isPending} onClick={() => endOthers.mutate()}>
            End all others
          </Button>
        )
      }
    >
      {endOthers.isError && <Failure error={endOthers.error} />}
      <SessionList />
    </Card>
  );
}

export function SessionList() {
  const refresh = useSecurityRefresh();
  const sessions = useQuery(sessionsQuery);
  const end = useMutation({ mutationFn: (id: string) => api.endDashboardSession(id), onSuccess: refresh });
  if (sessions.isPending) return <Loading what="sessions" />;
  if (sessions.isError) return <Failure error={sessions.error} onRetry={() => sessions.refetch()} />;
  return (
    <>
      {end.isError && <Failure error={end.error} />}
      <ul className="divide-y divide-line">
        {sessions.data.map((session) => (
          <SessionRow
            key={session.id}
            session={session}
            busy={end.isPending && end.variables === session.id}
            onEnd={() => end.mutate(session.id)}
          />
        ))}
      </ul>
    </>
  );
}

function SessionRow({ session, busy, onEnd }: { session: DashboardSession; busy: boolean; onEnd: () => void }) {
  const browser = browserOf(session.userAgent);
  return (
    <li className="flex flex-wrap items-center justify-between gap-x-6 gap-y-3 px-4 py-4 sm:px-5">
      <div className="min-w-0 flex-1 basis-56">
        <p
          className="flex flex-wrap items-center gap-x-2.5 gap-y-1 font-semibold"
          title={session.userAgent ?? undefined}
        >
          {browser}
          {session.current && <Badge tone="good">This one</Badge>}
        </p>
        <p className="mt-1 text-sm text-muted">
          {session.address && (
            <>
              <span className="font-mono text-[13px]">{session.address}</span>
              <span aria-hidden="true"> · </span>
            </>
          )}
          <span title={dateTime(session.createdAt)}>signed in {ago(session.createdAt)}</span>
          <span aria-hidden="true"> · </span>
          <span title={dateTime(session.lastSeenAt)}>seen {ago(session.lastSeenAt)}</span>
        </p>
      </div>
      {!session.current && (
        <Button look="quietDanger" aria-label={`End the session of ${browser}`} busy={busy} onClick={onEnd}>
          End
        </Button>
      )}
    </li>
  );
}
