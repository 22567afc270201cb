import type { PrivateService, PrivateServiceSummary, Service } from '@pipecat-cloud/contract/agents';
import type { Deployment } from '../deployments/deployment-repository.js';
import type { Agent } from './agent-repository.js';
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

/** What the list of the private REST API reads of an agent, alone and with what the agent runs. */
export const summaryMembers = [
  'id',
  'name',
  'region',
  'desiredDeploymentId',
  'reconciledDeploymentId',
  'createdAt',
  'updatedAt',
] as const;
export const runningMembers = [...summaryMembers, 'liveDeploymentId', 'minAgents', 'maxAgents'] as const;

/** An agent in the list of the private REST API. */
export function toPrivateSummary(
  agent: Pick<Agent, (typeof summaryMembers)[number]>,
  organizationId: string,
): PrivateServiceSummary {
  const { id, name, region, createdAt, updatedAt } = agent;
  const summary: PrivateServiceSummary = { id, name, region, organizationId, createdAt, updatedAt, deletedAt: null };
  // Not by spreading `knownIds`, which takes four times as long for a page.
  if (agent.desiredDeploymentId) {
    summary.desiredDeploymentId = agent.desiredDeploymentId;
    summary.activeDeploymentId = agent.desiredDeploymentId;
  }
  if (agent.reconciledDeploymentId) summary.reconciledDeploymentId = agent.reconciledDeploymentId;
  return summary;
}

/** The same with the deployment that it runs, where there is one. */
export function toRunningSummary(
  agent: Pick<Agent, (typeof runningMembers)[number]>,
  organization: { id: string; name: string },
  deployments: ReadonlyMap<string, Deployment>,
): PrivateServiceSummary {
  const summary = toPrivateSummary(agent, organization.id);
  const live = agent.liveDeploymentId ? deployments.get(agent.liveDeploymentId) : undefined;
  return live ? { ...summary, deployment: presentDeployment(live, agent, organization.name) } : summary;
}
