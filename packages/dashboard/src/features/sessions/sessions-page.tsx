import type { Session } from '@pipecat-cloud/contract/sessions';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { duration } from '../../lib/format';
import { Badge } from '../../ui/badge';
import { Button } from '../../ui/button';
import { Card } from '../../ui/card';
import { CodeBlock } from '../../ui/code-block';
import { nameLink } from '../../ui/link-style';
import { Page } from '../../ui/page';
import { Empty, Loaded } from '../../ui/states';
import { Table } from '../../ui/table';
import { Time } from '../../ui/time';
import { OfAgent } from '../agents/agent-choice';
import { useOrg } from '../organization/org-context';
import { Permitted } from '../organization/permitted';
import { sessionState } from '../overview/agent-words';
import { TryLink } from '../try/try-link';
import { SessionFilters } from './session-filters';
import { sessionsQuery } from './session-queries';
import { filled, pageOf, pageSize, type SessionSearch } from './session-search';
import { startWords } from './session-words';

const route = getRouteApi('/signed-in/orgs/$org/sessions');

/** The conversations of an agent, those that run and those that are over. */
export function SessionsPage() {
  const org = useOrg();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const show = (next: SessionSearch) => void navigate({ search: next, replace: true, resetScroll: false });
  return (
    <Page title="Sessions" about="The conversations of an agent: those that go on, and those that are over.">
      <Permitted needs="sessions:read" to="see sessions">
        <OfAgent org={org.name} agent={search.agent}>
          {(agent, agents) => (
            <>
              <SessionFilters
                agent={agent}
                agents={agents}
                search={search}
                onChange={(next) => show({ agent, ...next })}
              />
              <Sessions agent={agent} search={search} onPage={(page) => show({ ...search, agent, page: `${page}` })} />
            </>
          )}
        </OfAgent>
      </Permitted>
    </Page>
  );
}

interface SessionsProps {
  agent: string;
  search: SessionSearch;
  onPage: (page: number) => void;
}

function Sessions({ agent, search, onPage }: SessionsProps) {
  const org = useOrg();
  const sessions = useQuery(sessionsQuery(org.name, agent, search));
  const page = pageOf(search);
  const total = sessions.data?.total_count ?? 0;
  const last = Math.max(1, Math.ceil(total / pageSize));
  const about = sessions.data && total > 0 ? `Newest first. ${rangeOf(page, total)}` : undefined;
  return (
    <Card title={`Sessions of ${agent}`} about={about} actions={<TryLink agent={agent} />}>
      <Loaded query={sessions} what="sessions">
        {({ sessions: rows }) =>
          rows.length === 0 ? (
            <NoSessions agent={agent} search={search} />
          ) : (
            <SessionTable org={org.name} agent={agent} sessions={rows} />
          )
        }
      </Loaded>
      {(last > 1 || page > 1) && (
        <nav aria-label="Pages" className="flex flex-wrap justify-center gap-2 border-t border-line px-4 py-3">
          <Button disabled={page <= 1} onClick={() => onPage(page - 1)}>
            Newer sessions
          </Button>
          <Button disabled={page >= last} onClick={() => onPage(page + 1)}>
            Older sessions
          </Button>
        </nav>
      )}
    </Card>
  );
}

function rangeOf(page: number, total: number): string {
  const from = (page - 1) * pageSize + 1;
  return `${from.toLocaleString('en')} to ${Math.min(total, page * pageSize).toLocaleString('en')} of ${total.toLocaleString('en')}`;
}

function NoSessions({ agent, search }: { agent: string; search: SessionSearch }) {
  const org = useOrg();
  if (Object.keys(filled({ ...search, agent: '' })).length > 0) {
    return (
      <Empty title="No session matches">Take a filter away, look at a longer time, or go to the first page.</Empty>
    );
  }
  return (
    <Empty title={`Nobody has talked to ${agent} yet`}>
      {org.can('sessions:start') ? (
        <>
          <p className="mb-3">Talk to it with “Try it”, or start a session:</p>
          <CodeBlock text={`pipecat cloud agent start ${agent}`} name="the command" />
        </>
      ) : (
        'Sessions appear here as soon as somebody talks to it.'
      )}
    </Empty>
  );
}

interface SessionTableProps {
  org: string;
  agent: string;
  sessions: readonly Session[];
}

function SessionTable({ org, agent, sessions }: SessionTableProps) {
  return (
    <Table
      label={`Sessions of ${agent}`}
      rows={sessions}
      keyOf={({ sessionId }) => sessionId}
      columns={[
        {
          name: 'Session',
          cell: ({ sessionId }) => (
            <Link
              to="/orgs/$org/agents/$name/sessions/$id"
              params={{ org, name: agent, id: sessionId }}
              className={`font-mono text-[13px] ${nameLink}`}
            >
              {sessionId}
            </Link>
          ),
        },
        {
          name: 'State',
          cell: (session) => {
            const { tone, words } = sessionState(session);
            return <Badge tone={tone}>{words}</Badge>;
          },
        },
        {
          name: 'Started',
          narrow: true,
          cell: (session) => (
            <>
              <Time at={session.createdAt} capital />
              <span className="block text-muted">{startWords(session)}</span>
            </>
          ),
        },
        {
          name: 'Lasted',
          narrow: true,
          cell: ({ createdAt, endedAt }) => (
            <span className="tabular-nums">
              {endedAt === null
                ? `${duration(createdAt, new Date().toISOString())} so far`
                : duration(createdAt, endedAt)}
            </span>
          ),
        },
      ]}
    />
  );
}
