import type { Session } from '@pipecat-cloud/contract/sessions';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { count, duration } from '../../lib/format';
import { Badge } from '../../ui/badge';
import { Card } from '../../ui/card';
import { CodeBlock } from '../../ui/code-block';
import { linkStyle, nameLink } from '../../ui/link-style';
import { Empty, Loaded } from '../../ui/states';
import { Table } from '../../ui/table';
import { Time } from '../../ui/time';
import { Permitted } from '../organization/permitted';
import { sessionState } from '../overview/agent-words';
import { lastSessionsQuery } from './agent-queries';
import { shortId } from './deployment-words';
import { secondsWords, startTimes } from './start-times';
import { useAgent } from './use-agent';

const shownSessions = 8;

/** How its last sessions went, and how long they took to start. */
export function LastSessionsCard() {
  return (
    <Permitted needs="sessions:read" to="see sessions">
      <LastSessions />
    </Permitted>
  );
}

function LastSessions() {
  const { org, name, agent } = useAgent();
  const sessions = useQuery(lastSessionsQuery(org.name, name));
  return (
    <Card
      title="Latest sessions"
      actions={
        <Link
          to="/orgs/$org/sessions"
          params={{ org: org.name }}
          search={{ agent: name }}
          className={`text-sm ${linkStyle}`}
        >
          All sessions
        </Link>
      }
    >
      <Loaded query={sessions} what="sessions">
        {(last) =>
          last.length === 0 ? (
            <Empty title="No sessions yet">
              {agent.available ? (
                <>
                  <p className="mb-3">Start one from a terminal:</p>
                  <CodeBlock text={`pipecat cloud agent start ${name}`} name="the command" />
                </>
              ) : (
                'One can begin as soon as a deployment is live.'
              )}
            </Empty>
          ) : (
            <>
              <StartTimes sessions={last} />
              <SessionTable org={org.name} agent={name} sessions={last.slice(0, shownSessions)} />
            </>
          )
        }
      </Loaded>
    </Card>
  );
}

function StartTimes({ sessions }: { sessions: readonly Session[] }) {
  const times = startTimes(sessions);
  if (times.length === 0) return null;
  return (
    <ul className="space-y-1 border-b border-line px-4 py-3 text-sm sm:px-5">
      {times.map(({ kind, count: n, p50, p95 }) => (
        <li key={kind}>
          <span className="font-medium">{kind} starts:</span> half in {secondsWords(p50)}, 95 of 100 in{' '}
          {secondsWords(p95)} <span className="text-muted">({count(n, 'session')}, from request to bot)</span>
        </li>
      ))}
    </ul>
  );
}

function SessionTable({ org, agent, sessions }: { org: string; agent: string; sessions: readonly Session[] }) {
  return (
    <Table
      label="Latest sessions"
      rows={sessions}
      keyOf={({ sessionId }) => sessionId}
      columns={[
        {
          name: 'Session',
          cell: (session) => {
            const { tone, words } = sessionState(session);
            return (
              <span className="flex flex-wrap items-center gap-x-2.5 gap-y-1">
                <Link
                  to="/orgs/$org/agents/$name/sessions/$id"
                  params={{ org, name: agent, id: session.sessionId }}
                  className={`font-mono text-[13px] ${nameLink}`}
                >
                  {session.sessionId}
                </Link>
                <Badge tone={tone}>{words}</Badge>
              </span>
            );
          },
        },
        {
          name: 'Started',
          narrow: true,
          cell: ({ createdAt, endedAt }) => (
            <>
              <Time at={createdAt} capital />
              {endedAt && <span className="block text-muted">lasted {duration(createdAt, endedAt)}</span>}
            </>
          ),
        },
        {
          name: 'Start',
          narrow: true,
          cell: ({ coldStart, botStartSeconds }) =>
            coldStart === null || botStartSeconds === null
              ? '—'
              : `${coldStart ? 'Cold' : 'Warm'}, ${secondsWords(botStartSeconds)}`,
        },
        {
          name: 'Deployment',
          cell: ({ deploymentId }) => <span className="font-mono text-[13px]">{shortId(deploymentId)}</span>,
        },
      ]}
    />
  );
}
