import { useQueries, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { ago, count, dateTime } from '../../lib/format';
import { Badge } from '../../ui/badge';
import { Button } from '../../ui/button';
import { Card } from '../../ui/card';
import { CodeBlock } from '../../ui/code-block';
import { nameLink } from '../../ui/link-style';
import { Empty, Failure, Loading } from '../../ui/states';
import { agentState } from './agent-words';
import { agentQuery, agentsQuery } from './overview-queries';

/** Details are one request for each agent, so only these many are asked for until somebody wants more. */
export const pageSize = 20;

export function AgentsCard({ org }: { org: string }) {
  const [shown, setShown] = useState(pageSize);
  const agents = useQuery(agentsQuery(org));
  const names = (agents.data ?? []).slice(0, shown).map(({ name }) => name);
  const details = useQueries({ queries: names.map((name) => agentQuery(org, name)) });
  const known = details.flatMap(({ data }) => (data ? [data] : []));
  const active = known.reduce((sum, { activeSessionCount }) => sum + activeSessionCount, 0);
  const hidden = (agents.data?.length ?? 0) - names.length;
  const summary =
    agents.data && known.length === names.length && names.length > 0 && hidden === 0
      ? `${count(names.length, 'agent')}, ${count(active, 'active session')}`
      : undefined;

  return (
    <Card title="Agents" {...(summary ? { about: summary } : {})}>
      {agents.isPending && <Loading what="agents" />}
      {agents.isError && <Failure error={agents.error} onRetry={() => agents.refetch()} />}
      {agents.data?.length === 0 && (
        <Empty title="No agents yet">
          <p className="mb-3">Deploy one from its directory:</p>
          <CodeBlock text="pipecat cloud deploy" name="the command" />
        </Empty>
      )}
      {names.length > 0 && (
        <ul className="divide-y divide-line">
          {names.map((name) => (
            <AgentRow key={name} org={org} name={name} />
          ))}
        </ul>
      )}
      {hidden > 0 && (
        <div className="border-t border-line px-4 py-3 text-center">
          <Button onClick={() => setShown(shown + pageSize)}>Show more ({hidden} left)</Button>
        </div>
      )}
    </Card>
  );
}

function AgentRow({ org, name }: { org: string; name: string }) {
  const agent = useQuery(agentQuery(org, name));
  if (!agent.data) {
    return (
      <li>
        {agent.isError ? <Failure error={agent.error} onRetry={() => agent.refetch()} /> : <Loading what={name} />}
      </li>
    );
  }
  const { activeSessionCount, autoScaling, agentProfile, region, updatedAt } = agent.data;
  const { tone, words, detail } = agentState(agent.data);
  return (
    <li className="flex flex-wrap items-center justify-between gap-x-6 gap-y-2 px-4 py-4 sm:px-5">
      <div className="min-w-0 flex-1 basis-64">
        <div className="flex flex-wrap items-center gap-x-2.5 gap-y-1">
          <Link to="/orgs/$org/agents/$name" params={{ org, name }} className={`font-semibold ${nameLink}`}>
            {name}
          </Link>
          <Badge tone={tone}>{words}</Badge>
        </div>
        <p className="mt-1 text-sm text-muted">
          {agentProfile} · {region} · <span title={dateTime(updatedAt)}>changed {ago(updatedAt)}</span>
        </p>
        {detail && (
          <p className={`mt-1 text-sm wrap-anywhere ${tone === 'busy' ? 'text-muted' : 'text-ink'}`}>{detail}</p>
        )}
      </div>
      <p className="text-sm sm:text-right">
        <span className="block text-lg font-semibold tabular-nums leading-6 sm:inline-block">
          {count(activeSessionCount, 'active session')}
        </span>
        <span className="block text-muted">
          room for {autoScaling.maxReplicas}, {autoScaling.minReplicas} kept warm
        </span>
      </p>
    </li>
  );
}
