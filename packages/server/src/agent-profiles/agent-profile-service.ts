import type {
  AgentProfile,
  AgentProfileList,
  CreateAgentProfileBody,
  PatchAgentProfileBody,
} from '@pipecat-cloud/contract/agent-profiles';
import { agentProfiles, type PlatformProfile } from '@pipecat-cloud/contract/deployments';
import type { Actor, OrganizationAccess } from '../access/principal.js';
import type { Audit } from '../audit/audit-service.js';
import type { Repositories, Store } from '../db/store.js';
import { badRequest, conflict, notFound } from '../errors.js';
import type { Clock } from '../system.js';
import type { CustomProfile } from './agent-profile-repository.js';
import { checkResources, type Sizing } from './resources.js';

interface AgentProfileDeps {
  store: Store;
  clock: Clock;
  audit: Audit;
}
const maxProfiles = 100;

/** Profiles of the platform, which nobody changes, and those that an organization adds. Changes reach deploys that come later. */
export function createAgentProfileService({ store, clock, audit }: AgentProfileDeps) {
  return {
    async list(organizationId: string): Promise<AgentProfileList> {
      const custom = await store.agentProfiles.list(organizationId);
      const platform = (Object.keys(agentProfiles) as PlatformProfile[]).map((name) =>
        present({ name, displayName: name, ...agentProfiles[name], disabledAt: null }, false),
      );
      return { agentProfiles: [...platform, ...custom.map((profile) => present(profile, true))] };
    },

    async create(organization: OrganizationAccess, actor: Actor, body: CreateAgentProfileBody): Promise<AgentProfile> {
      const name = body.apiName;
      if (isPlatformProfile(name)) {
        throw conflict(`'${name}' is a profile of the platform, which stays as it is; choose another name`);
      }
      const profile: CustomProfile = {
        name,
        displayName: body.displayName?.trim() || name,
        ...checkResources(body.resources),
        disabledAt: null,
      };
      await store.transaction(async (repos) => {
        // So that of two at once the second counts the first.
        if (!(await repos.organizations.lock(organization.id))) throw notFound('Organization', organization.name);
        if ((await repos.agentProfiles.list(organization.id)).length >= maxProfiles) {
          throw conflict(`${organization.name} has ${maxProfiles} profiles of its own, which is the most; change one`);
        }
        if (!(await repos.agentProfiles.insert(organization.id, profile, clock.now()))) {
          throw conflict(`${organization.name} has a profile '${name}' already; change it, or choose another name`);
        }
        await record(repos, actor, organization, 'agent_profile.created', profile);
      });
      return present(profile, true);
    },

    async patch(
      organization: OrganizationAccess,
      actor: Actor,
      name: string,
      body: PatchAgentProfileBody,
    ): Promise<AgentProfile> {
      if (isPlatformProfile(name)) {
        throw badRequest(
          `'${name}' is a profile of the platform, which stays as it is; create one of your own instead`,
        );
      }
      const sizing = body.resources && checkResources(body.resources);
      return await store.transaction(async (repos) => {
        if (!(await repos.organizations.lock(organization.id))) throw notFound('Organization', organization.name);
        const before = await repos.agentProfiles.find(organization.id, name);
        if (!before) throw notFound('Agent profile', name);
        const profile: CustomProfile = {
          ...before,
          ...sizing,
          displayName: body.displayName?.trim() || before.displayName,
          disabledAt: body.enabled === undefined ? before.disabledAt : disabledAt(before, body.enabled, clock.now()),
        };
        await repos.agentProfiles.update(organization.id, profile, clock.now());
        await record(repos, actor, organization, 'agent_profile.changed', profile);
        return present(profile, true);
      });
    },
  };

  async function record(
    repos: Repositories,
    actor: Actor,
    organization: OrganizationAccess,
    action: 'agent_profile.created' | 'agent_profile.changed',
    { name, cpu, memory, disabledAt: disabled }: CustomProfile,
  ): Promise<void> {
    const detail = { cpu, memory, enabled: disabled === null };
    await audit.record(repos, actor, { action, organizationId: organization.id, target: name, detail });
  }
}
export type AgentProfileService = ReturnType<typeof createAgentProfileService>;

/** What a deploy that names the profile gets. 400 for one that is unknown or disabled; the message says which there are. */
export async function sizingOfProfile(
  repos: Pick<Repositories, 'agentProfiles'>,
  organizationId: string,
  name: string,
): Promise<Sizing> {
  if (isPlatformProfile(name)) return { cpu: agentProfiles[name].cpu, memory: agentProfiles[name].memory };
  const custom = await repos.agentProfiles.list(organizationId);
  const found = custom.find((profile) => profile.name === name);
  if (found?.disabledAt) {
    throw badRequest(
      `Agent profile '${name}' is disabled, so no new deploy may choose it; enable it, or choose another profile`,
    );
  }
  if (found) return { cpu: found.cpu, memory: found.memory };
  const usable = custom.filter(({ disabledAt: disabled }) => disabled === null).map((profile) => profile.name);
  throw badRequest(
    `There is no agent profile '${name}' in this organization; choose one of ${[...Object.keys(agentProfiles), ...usable].join(', ')}`,
  );
}

function isPlatformProfile(name: string): name is PlatformProfile {
  return Object.hasOwn(agentProfiles, name);
}

function disabledAt(before: CustomProfile, enabled: boolean, now: Date): string | null {
  return enabled ? null : (before.disabledAt ?? now.toISOString());
}

function present(profile: CustomProfile, custom: boolean): AgentProfile {
  const { name, displayName, cpu, memory } = profile;
  return {
    apiName: name,
    displayName,
    api_name: name,
    display_name: displayName,
    resources: { cpu, memory },
    custom,
    enabled: profile.disabledAt === null,
  };
}
