import { useQueries, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { ago, dateTime, duration } from '../../lib/format';
import { Badge } from '../../ui/badge';
import { Card } from '../../ui/card';
import { nameLink } from '../../ui/link-style';
import { Empty, Failure, Loading } from '../../ui/states';
import { sessionState } from './agent-words';
import { pageSize } from './agents-card';
import { agentsQuery, recentSessionsQuery } from './overview-queries';

const most = 12;

export function SessionsCard({ org }: { org: string }) {
  const agents = useQuery(agentsQuery(org));
  const names = (agents.data ?? []).slice(0, pageSize).map(({ name }) => name);
  const answers = useQueries({ queries: names.map((name) => recentSessionsQuery(org, name)) });
  const failed = answers.find(({ error }) => error !== null);
  const pending = agents.isPending || answers.some(({ isPending }) => isPending);
  const recent = answers
    .flatMap(({ data }, index) => (data ?? []).map((session) => ({ ...session, agent: names[index] ?? '' })))
    .sort((a, b) => b.createdAt.localeCompare(a.createdAt))
    .slice(0, most);

  return (
    <Card title="Recent sessions">
      {failed?.error && <Failure error={failed.error} onRetry={() => failed.refetch()} />}
      {agents.isError && <Failure error={agents.error} onRetry={() => agents.refetch()} />}
      {pending && !failed && recent.length === 0 && <Loading what="sessions" />}
      {!pending && !failed && !agents.isError && recent.length === 0 && (
        <Empty title="No sessions yet">They appear here as soon as somebody talks to an agent.</Empty>
      )}
      {recent.length > 0 && (
        <ul className="divide-y divide-line">
          {recent.map((session) => (
            <SessionRow key={session.sessionId} org={org} session={session} />
          ))}
        </ul>
      )}
    </Card>
  );
}

interface SessionRowProps {
  org: string;
  session: {
    agent: string;
    sessionId: string;
    state: 'starting' | 'active' | 'ended';
    createdAt: string;
    endedAt: string | null;
    endReason: string | null;
  };
}

function SessionRow({ org, session }: SessionRowProps) {
  const { tone, words } = sessionState(session);
  return (
    <li className="flex flex-wrap items-center justify-between gap-x-6 gap-y-1 px-4 py-3 sm:px-5">
      <div className="min-w-0 flex-1 basis-64">
        <div className="flex flex-wrap items-center gap-x-2.5 gap-y-1">
          <span className="font-semibold wrap-anywhere">{session.agent}</span>
          <Badge tone={tone}>{words}</Badge>
        </div>
        <p className="mt-0.5 truncate">
          <Link
            to="/orgs/$org/agents/$name/sessions/$id"
            params={{ org, name: session.agent, id: session.sessionId }}
            className={`font-mono text-[13px] ${nameLink}`}
          >
            {session.sessionId}
          </Link>
        </p>
      </div>
      <p className="text-sm text-muted sm:text-right">
        <span title={dateTime(session.createdAt)}>Started {ago(session.createdAt)}</span>
        {session.endedAt !== null && (
          <>
            , lasted <span className="tabular-nums">{duration(session.createdAt, session.endedAt)}</span>
          </>
        )}
      </p>
    </li>
  );
}
