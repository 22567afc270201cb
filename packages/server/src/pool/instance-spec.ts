import { agentProfiles } from '@pipecat-cloud/contract/deployments';
import type { InstanceSource, InstanceSpec } from '@pipecat-cloud/contract/worker';
import type { Agent } from '../agents/agent-repository.js';
import type { Store } from '../db/store.js';
import type { Deployment } from '../deployments/deployment-repository.js';

/** From the order to the first answer of its port: an interpreter may have to load large libraries. */
export const startTimeoutSeconds = 120;

export interface SpecDeps {
  store: Pick<Store, 'builds'>;
  secretEnvironment: (organizationId: string, setName: string) => Promise<Record<string, string>>;
}

/** Everything that a worker needs to make an instance of a deployment, secret values included. */
export async function instanceSpec(
  deps: SpecDeps,
  agent: Agent,
  deployment: Deployment,
  instanceId: string,
): Promise<InstanceSpec> {
  const { cpuMillicores, memoryMib } = agentProfiles[deployment.profile];
  return {
    instanceId,
    organizationId: agent.organizationId,
    agentId: agent.id,
    agentName: agent.name,
    deploymentId: deployment.id,
    source: await sourceOf(deps, deployment),
    cpuMillicores,
    memoryMib,
    environment: deployment.secretSet ? await deps.secretEnvironment(agent.organizationId, deployment.secretSet) : {},
    startTimeoutSeconds,
  };
}

async function sourceOf({ store }: SpecDeps, deployment: Deployment): Promise<InstanceSource> {
  if (deployment.buildId === null) return { type: 'image', image: deployment.image ?? '' };
  const build = await store.builds.find(deployment.organizationId, deployment.buildId);
  if (!build) throw new Error(`Build ${deployment.buildId} of deployment ${deployment.id} is gone`);
  return { type: 'build', buildId: build.id, contextSha256: build.contextSha256, dockerfilePath: build.dockerfilePath };
}
