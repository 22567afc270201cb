import type { DeployBody, Service } from '@pipecat-cloud/contract/agents';
import { useMutation } from '@tanstack/react-query';
import { api } from '../../lib/api';
import { toast } from '../../ui/toast';
import { shortId } from './deployment-words';
import { useAgent } from './use-agent';

/** Changes settings of the agent, and says whether that made a deployment. What the body does not name stays. */
export function useUpdateAgent(onDone?: () => void) {
  const { org, name, agent, refresh } = useAgent();
  return useMutation({
    mutationFn: (change: Omit<DeployBody, 'serviceName'>): Promise<Service> =>
      api.updateService(org.name, { serviceName: name, ...change }),
    onSuccess: async (after) => {
      toast(
        after.desiredDeploymentId === agent.desiredDeploymentId
          ? 'Saved. It holds from now on, without a new deployment.'
          : `Saved. Deployment ${shortId(after.desiredDeploymentId ?? '')} is being made ready.`,
      );
      onDone?.();
      await refresh();
    },
  });
}
