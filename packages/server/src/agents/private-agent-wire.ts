import type { PrivateService, PrivateServiceSummary, Service } from '@pipecat-cloud/contract/agents';
import type { Deployment } from '../deployments/deployment-repository.js';
import type { ListedAgent } from './agent-repository.js';
import { presentDeployment } from './service-status.js';

interface Ids {
  desiredDeploymentId: string | null;
  reconciledDeploymentId: string | null;
}

/** The published description calls the requested deployment the active one, and takes no null (contract §7.3). */
function knownIds({ desiredDeploymentId, reconciledDeploymentId }: Ids) {
  return {
    ...(desiredDeploymentId ? { desiredDeploymentId, activeDeploymentId: desiredDeploymentId } : {}),
    ...(reconciledDeploymentId ? { reconciledDeploymentId } : {}),
  };
}

/** A status object as the private REST API shows it. */
export function toPrivateService(service: Service): PrivateService {
  const { desiredDeploymentId, activeDeploymentId: _, reconciledDeploymentId, ...rest } = service;
  return { ...rest, ...knownIds({ desiredDeploymentId, reconciledDeploymentId }) };
}

/** An agent in the list of the private REST API; `deployment` is what it runs, where that was asked for. */
export function toPrivateSummary(
  agent: ListedAgent,
  deployment: Deployment | undefined,
  organizationName: string,
): PrivateServiceSummary {
  return {
    id: agent.id,
    name: agent.name,
    region: agent.region,
    ...knownIds(agent),
    organizationId: agent.organizationId,
    createdAt: agent.createdAt,
    updatedAt: agent.updatedAt,
    deletedAt: agent.deletedAt,
    ...(deployment ? { deployment: presentDeployment(deployment, agent, organizationName) } : {}),
  };
}
