import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useEffect } from 'react';
import { isNotFound } from '../../lib/refusals';
import { Panel } from '../../ui/card';
import { linkStyle } from '../../ui/link-style';
import { Page } from '../../ui/page';
import { Empty, Loading } from '../../ui/states';
import { useOrg } from '../organization/org-context';
import { Permitted } from '../organization/permitted';
import { agentQuery } from '../overview/overview-queries';
import { TalkCard } from './talk-card';

const route = getRouteApi('/signed-in/orgs/$org/agents/$name/try');

/** Where the browser loaded the page: the microphone is given to documents of this address only (`http/dashboard.ts`). */
const loadedAt = () => new URL(performance.getEntriesByType('navigation')[0]?.name ?? location.href).pathname;
const isTryPath = (path: string) => /^\/orgs\/[^/]+\/agents\/[^/]+\/try$/.test(path);

/** Talks to an agent from the browser. */
export function TryPage() {
  const { name } = route.useParams();
  const org = useOrg();
  const agent = useQuery({ ...agentQuery(org.name, name), enabled: org.can('agents:read'), refetchInterval: false });
  const mayTalk = isTryPath(loadedAt());
  useEffect(() => {
    if (!mayTalk) location.reload();
  }, [mayTalk]);
  if (!mayTalk) return <Loading what="the page" />;
  return (
    <Page
      title={`Try ${name}`}
      about="Talk to the agent from here. It is a session like any other; it ends when you leave."
      up={
        <Link to="/orgs/$org/sessions" params={{ org: org.name }} search={{ agent: name }} className={linkStyle}>
          Sessions of {name}
        </Link>
      }
    >
      <Permitted needs="sessions:start" to="start sessions">
        {isNotFound(agent.error) ? (
          <Panel>
            <Empty title={`There is no agent ${name} here`}>
              It was deleted, or the address is mistyped. Agents has all that there are.
            </Empty>
          </Panel>
        ) : (
          <TalkCard key={name} org={org.name} agent={name} />
        )}
      </Permitted>
    </Page>
  );
}
