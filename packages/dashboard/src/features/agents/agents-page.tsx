import type { Service, ServiceList } from '@pipecat-cloud/contract/agents';
import { useQueries, useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useState } from 'react';
import { count } from '../../lib/format';
import { Badge } from '../../ui/badge';
import { Button } from '../../ui/button';
import { Panel } from '../../ui/card';
import { CodeBlock } from '../../ui/code-block';
import { SelectField } from '../../ui/field';
import { linkStyle, nameLink } from '../../ui/link-style';
import { Page } from '../../ui/page';
import { SearchField } from '../../ui/search-field';
import { Empty, Loaded } from '../../ui/states';
import { Table } from '../../ui/table';
import { Time } from '../../ui/time';
import { useOrg } from '../organization/org-context';
import { Permitted } from '../organization/permitted';
import { agentState } from '../overview/agent-words';
import { agentQuery, agentsQuery } from '../overview/overview-queries';
import { deploymentState, shortId, sourceOf } from './deployment-words';
import { troubleOf } from './mend';

const route = getRouteApi('/signed-in/orgs/$org/agents');
/** Details are one request for each agent, so only these many are asked for until somebody wants more. */
const pageSize = 20;

type Summary = ServiceList['services'][number];
interface Row {
  summary: Summary;
  agent: Service | undefined;
  error: Error | null;
}

/** Every agent of the organization, with what it is doing. */
export function AgentsPage() {
  const org = useOrg();
  return (
    <Page title="Agents" about="What is deployed, what is live of it, and what is warm.">
      <Permitted needs="agents:read" to="see agents">
        <Agents org={org.name} />
      </Permitted>
    </Page>
  );
}

function Agents({ org }: { org: string }) {
  const { q = '', state = '', region = '' } = route.useSearch();
  const navigate = route.useNavigate();
  const agents = useQuery(agentsQuery(org));
  const filter = (change: Record<string, string>) =>
    void navigate({
      replace: true,
      search: (before) =>
        Object.fromEntries(Object.entries({ ...before, ...change }).filter(([, value]) => value !== '')),
    });
  return (
    <Loaded query={agents} what="agents">
      {(all) =>
        all.length === 0 ? (
          <Panel>
            <Empty title="No agents yet">
              <p className="mb-3">Deploy a first one from its folder; the folder “examples” has some:</p>
              <CodeBlock text="pipecat cloud deploy" name="the command" />
            </Empty>
          </Panel>
        ) : (
          <>
            <div className="grid gap-4 sm:grid-cols-3">
              <SearchField label="Search by name" value={q} onChange={(text) => filter({ q: text })} />
              <SelectField label="State" value={state} onChange={(event) => filter({ state: event.target.value })}>
                <option value="">All</option>
                <option value="ready">Ready</option>
                <option value="not-ready">Not ready</option>
              </SelectField>
              <SelectField label="Region" value={region} onChange={(event) => filter({ region: event.target.value })}>
                <option value="">All</option>
                {[...new Set([...all.map((agent) => agent.region), ...(region ? [region] : [])])].sort().map((name) => (
                  <option key={name} value={name}>
                    {name}
                  </option>
                ))}
              </SelectField>
            </div>
            <AgentTable
              org={org}
              agents={matching(all, { q, state, region })}
              of={all.length}
              onAll={() => filter({ q: '', state: '', region: '' })}
            />
          </>
        )
      }
    </Loaded>
  );
}

/** Those that the filters let through. */
function matching(
  agents: readonly Summary[],
  { q, state, region }: { q: string; state: string; region: string },
): Summary[] {
  const text = q.trim().toLowerCase();
  return agents.filter(
    (agent) =>
      agent.name.includes(text) &&
      (region === '' || agent.region === region) &&
      (state === '' || agent.ready === (state === 'ready')),
  );
}

interface AgentTableProps {
  org: string;
  agents: readonly Summary[];
  of: number;
  onAll: () => void;
}

function AgentTable({ org, agents, of, onAll }: AgentTableProps) {
  const [shown, setShown] = useState(pageSize);
  const page = agents.slice(0, shown);
  const details = useQueries({ queries: page.map(({ name }) => agentQuery(org, name)) });
  const rows = page.map((summary, index): Row => {
    const detail = details[index];
    return { summary, agent: detail?.data, error: detail?.error ?? null };
  });
  const hidden = agents.length - page.length;
  return (
    <Panel>
      <p role="status" className="px-4 pt-3 text-sm text-muted sm:px-5">
        {agents.length === of ? count(of, 'agent') : `${agents.length} of ${count(of, 'agent')}`}
      </p>
      {rows.length === 0 ? (
        <Empty title="No agent matches">
          <Button onClick={onAll}>Show all</Button>
        </Empty>
      ) : (
        <Table
          label="Agents"
          rows={rows}
          keyOf={({ summary }) => summary.name}
          columns={[
            { name: 'Agent', cell: (row) => <NameCell org={org} row={row} /> },
            { name: 'Live', cell: (row) => <LiveCell row={row} /> },
            { name: 'Sessions', narrow: true, cell: ({ agent }) => agent && <SessionsCell agent={agent} /> },
            { name: 'Region', narrow: true, cell: ({ summary }) => summary.region },
          ]}
        />
      )}
      {hidden > 0 && (
        <div className="border-t border-line px-4 py-3 text-center">
          <Button onClick={() => setShown(shown + pageSize)}>Show more ({hidden} left)</Button>
        </div>
      )}
    </Panel>
  );
}

function NameCell({ org, row: { summary, agent, error } }: { org: string; row: Row }) {
  const { tone, words, detail } = agent ? agentState(agent) : { tone: 'quiet' as const, words: 'Loading', detail: '' };
  const trouble = agent && troubleOf(agent);
  return (
    <>
      <span className="flex flex-wrap items-center gap-x-2.5 gap-y-1">
        <Link to="/orgs/$org/agents/$name" params={{ org, name: summary.name }} className={`font-semibold ${nameLink}`}>
          {summary.name}
        </Link>
        {error ? <Badge tone="warn">Not known</Badge> : <Badge tone={tone}>{words}</Badge>}
      </span>
      {error && <span className="mt-1 block text-bad wrap-anywhere">{error.message}</span>}
      {trouble ? (
        <span className="mt-1 block max-w-md wrap-anywhere">
          {trouble.message}{' '}
          <Link to="/orgs/$org/agents/$name" params={{ org, name: summary.name }} className={linkStyle}>
            How to mend it
          </Link>
        </span>
      ) : (
        detail && <span className="mt-1 block max-w-md text-muted wrap-anywhere">{detail}</span>
      )}
    </>
  );
}

function LiveCell({ row: { summary, agent } }: { row: Row }) {
  const { activeDeploymentId: live, desiredDeploymentId: desired } = summary;
  if (live === null) return <span className="text-muted">Nothing yet</span>;
  // The status object carries the deployment that was asked for last, which is the live one unless another is on its way.
  const source = agent?.deployment?.id === live ? sourceOf(agent.deployment) : undefined;
  return (
    <>
      <span className="font-mono text-[13px]">{shortId(live)}</span>
      {source && <span className="block max-w-xs text-muted wrap-anywhere">{source}</span>}
      {desired !== live && desired !== null && (
        <span className="block">
          {shortId(desired)} {deploymentState(agent?.rollout?.state ?? 'starting').about}
        </span>
      )}
      <span className="block text-muted">
        Changed <Time at={summary.updatedAt} />
      </span>
    </>
  );
}

function SessionsCell({ agent: { activeSessionCount, autoScaling, idleInstanceCount = 0 } }: { agent: Service }) {
  return (
    <>
      <span className="font-medium tabular-nums">
        {activeSessionCount} of {autoScaling.maxReplicas}
      </span>
      <span className="block text-muted">{idleInstanceCount} warm</span>
    </>
  );
}
