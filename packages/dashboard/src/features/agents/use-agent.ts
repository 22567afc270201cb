import type { Service } from '@pipecat-cloud/contract/agents';
import { useQueryClient, useSuspenseQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { type Org, useOrg } from '../organization/org-context';
import { agentQuery } from '../overview/overview-queries';
import { secretKeys } from '../secrets/secret-queries';
import { agentKeys } from './agent-queries';

const route = getRouteApi('/signed-in/orgs/$org/agents/$name');

interface AgentPage {
  org: Org;
  name: string;
  agent: Service;
  /** Reads all of it anew, after a change. */
  refresh: () => Promise<void>;
}

/** The agent that the page is about. Only below its frame, which shows nothing until it has been read. */
export function useAgent(): AgentPage {
  const org = useOrg();
  const { name } = route.useParams();
  const queryClient = useQueryClient();
  const { data: agent } = useSuspenseQuery(agentQuery(org.name, name));
  const refresh = async () => {
    await Promise.all([
      // The list shows some of it too, and secret sets say who uses them.
      queryClient.invalidateQueries({ queryKey: agentKeys.list(org.name) }),
      queryClient.invalidateQueries({ queryKey: secretKeys.all(org.name) }),
    ]);
  };
  return { org, name, agent, refresh };
}
