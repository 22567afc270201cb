import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link, Outlet } from '@tanstack/react-router';
import { isNotFound } from '../../lib/refusals';
import { Badge } from '../../ui/badge';
import { buttonLink, linkStyle } from '../../ui/link-style';
import { Page } from '../../ui/page';
import { PageNav, pageNavLink } from '../../ui/page-nav';
import { Empty, Loaded } from '../../ui/states';
import { useOrg } from '../organization/org-context';
import { Permitted } from '../organization/permitted';
import { agentState } from '../overview/agent-words';
import { agentQuery } from '../overview/overview-queries';
import { TryLink } from '../try/try-link';

const route = getRouteApi('/signed-in/orgs/$org/agents/$name');

const pages = [
  { to: '/orgs/$org/agents/$name', label: 'Overview' },
  { to: '/orgs/$org/agents/$name/deployments', label: 'Deployments' },
  { to: '/orgs/$org/agents/$name/secrets', label: 'Secrets' },
  { to: '/orgs/$org/agents/$name/settings', label: 'Settings' },
] as const;

/** Around the pages of one agent: its name, its state, the way to each. */
export function AgentFrame() {
  const org = useOrg();
  const { name } = route.useParams();
  const agent = useQuery({ ...agentQuery(org.name, name), enabled: org.can('agents:read') });
  const state = agent.data && agentState(agent.data);
  const gone = isNotFound(agent.error);
  return (
    <Page
      title={name}
      up={
        <Link to="/orgs/$org/agents" params={{ org: org.name }} className={linkStyle}>
          Agents
        </Link>
      }
      about={
        state &&
        !gone && (
          <span className="flex flex-wrap items-center gap-2 text-sm">
            <Badge tone={state.tone}>{state.words}</Badge> in {agent.data?.region}
          </span>
        )
      }
      actions={
        !gone && (
          <>
            <Link to="/orgs/$org/logs" params={{ org: org.name }} search={{ agent: name }} className={buttonLink}>
              Logs
            </Link>
            <TryLink agent={name} />
          </>
        )
      }
    >
      <Permitted needs="agents:read" to="see agents">
        {gone ? (
          <Empty title={`There is no agent ${name} here`}>
            It was deleted, or the address is mistyped. Agents has all that there are.
          </Empty>
        ) : (
          <Loaded query={agent} what="the agent">
            {() => (
              // Another agent is another page: nothing typed or chosen for one goes along to the next.
              <div key={name} className="space-y-6">
                <PageNav label={`Pages of ${name}`}>
                  {pages.map(({ to, label }) => (
                    <Link
                      key={to}
                      to={to}
                      params={{ org: org.name, name }}
                      activeOptions={{ exact: true, includeSearch: false }}
                      className={pageNavLink}
                    >
                      {label}
                    </Link>
                  ))}
                </PageNav>
                <Outlet />
              </div>
            )}
          </Loaded>
        )}
      </Permitted>
    </Page>
  );
}
