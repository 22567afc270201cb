import { mebibytesOf, millicoresOf } from '@pipecat-cloud/contract/quantities';
import type { InstanceSource, InstanceSpec } from '@pipecat-cloud/contract/worker';
import type { Agent } from '../agents/agent-repository.js';
import type { Store } from '../db/store.js';
import type { Deployment } from '../deployments/deployment-repository.js';
import type { InstanceSecrets } from '../secrets/secret-service.js';

/** From the order to the first answer of its port: an interpreter may have to load large libraries. */
export const startTimeoutSeconds = 120;

export interface SpecDeps {
  store: Pick<Store, 'builds'>;
  secretsOf: (organizationId: string, setName: string) => Promise<InstanceSecrets>;
  /** What an image is pulled with. */
  registryOf: (organizationId: string, setName: string) => Promise<InstanceSpec['registry']>;
}

/** Everything that a worker needs to make an instance of a deployment, secret values included. */
export async function instanceSpec(
  deps: SpecDeps,
  agent: Agent,
  deployment: Deployment,
  instanceId: string,
): Promise<InstanceSpec> {
  return {
    instanceId,
    organizationId: agent.organizationId,
    agentId: agent.id,
    agentName: agent.name,
    deploymentId: deployment.id,
    source: await sourceOf(deps, deployment),
    cpuMillicores: millicoresOf(deployment.cpu),
    memoryMib: mebibytesOf(deployment.memory),
    ...(deployment.secretSet ? await deps.secretsOf(agent.organizationId, deployment.secretSet) : { environment: {} }),
    ...(await pullSecret(deps, deployment)),
    startTimeoutSeconds,
  };
}

/** Of no use for what was built here. */
async function pullSecret({ registryOf }: SpecDeps, deployment: Deployment): Promise<Pick<InstanceSpec, 'registry'>> {
  if (deployment.imagePullSecretSet === null || deployment.buildId !== null) return {};
  const registry = await registryOf(deployment.organizationId, deployment.imagePullSecretSet);
  return registry ? { registry } : {};
}

async function sourceOf({ store }: SpecDeps, deployment: Deployment): Promise<InstanceSource> {
  if (deployment.buildId === null) {
    const { imageDigest: digest } = deployment;
    return { type: 'image', image: deployment.image ?? '', ...(digest ? { digest } : {}) };
  }
  const build = await store.builds.find(deployment.organizationId, deployment.buildId);
  if (!build) throw new Error(`Build ${deployment.buildId} of deployment ${deployment.id} is gone`);
  return { type: 'build', buildId: build.id, contextSha256: build.contextSha256, dockerfilePath: build.dockerfilePath };
}
