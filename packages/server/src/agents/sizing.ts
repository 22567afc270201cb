import type { DeployBody } from '@pipecat-cloud/contract/agents';
import { sizingOfProfile } from '../agent-profiles/agent-profile-service.js';
import { checkResources } from '../agent-profiles/resources.js';
import type { Repositories } from '../db/store.js';
import type { DeploymentSettings } from '../deployments/deployment-repository.js';
import { badRequest } from '../errors.js';

export type AgentSizing = Pick<DeploymentSettings, 'profile' | 'cpu' | 'memory'>;
type Profiles = Pick<Repositories, 'agentProfiles'>;

/** What a deploy asks for; as it was where it says nothing of it (contract §13.3). */
export async function sizingOf(
  repos: Profiles,
  organizationId: string,
  body: DeployBody,
  current: AgentSizing | undefined,
): Promise<AgentSizing> {
  if (body.resources !== undefined && body.agentProfile !== undefined) {
    throw badRequest('A deploy takes agentProfile or resources, not both: a profile is a name for resources');
  }
  if (body.resources !== undefined) return { profile: null, ...checkResources(body.resources) };
  if (body.agentProfile === undefined && current) {
    return { profile: current.profile, cpu: current.cpu, memory: current.memory };
  }
  const profile = body.agentProfile ?? 'agent-1x';
  return { profile, ...(await sizingOfProfile(repos, organizationId, profile)) };
}

/**
 * With the profile as it is now: a change of it reaches an agent with its next deployment, and causes none. Also where it is
 * disabled meanwhile, since this deploy has not chosen it.
 */
export async function upToDate<S extends AgentSizing>(
  repos: Profiles,
  organizationId: string,
  settings: S,
): Promise<S> {
  if (settings.profile === null) return settings;
  const custom = await repos.agentProfiles.find(organizationId, settings.profile);
  return custom ? { ...settings, cpu: custom.cpu, memory: custom.memory } : settings;
}
