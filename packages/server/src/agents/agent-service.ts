import { maxAgentsLimit } from '@pipecat-cloud/contract/agent-limits';
import type { DeployBody, Service } from '@pipecat-cloud/contract/agents';
import { reservedAgentName } from '@pipecat-cloud/contract/names';
import type { Actor, OrganizationAccess } from '../access/principal.js';
import type { Audit } from '../audit/audit-service.js';
import type { BuildService } from '../builds/build-service.js';
import type { Repositories, Store } from '../db/store.js';
import type { Deployment, DeploymentSettings } from '../deployments/deployment-repository.js';
import { digestToKeep, mergeSettings, needsDeployment, scalingOf } from '../deployments/deployment-settings.js';
import { checkHasLive, type RolloutPlan, rolloutOf } from '../deployments/rollout-options.js';
import { createTakeover } from '../deployments/takeover.js';
import { badRequest, notFound } from '../errors.js';
import type { Regions } from '../regions/regions.js';
import type { SecretReferences } from '../secrets/secret-references.js';
import type { SecretService } from '../secrets/secret-service.js';
import { reuseAfter } from '../sessions/reuse.js';
import type { Slot } from '../slots/slot-repository.js';
import type { Clock, Ids } from '../system.js';
import type { WorkerChannel } from '../workers/worker-channel.js';
import type { Agent, AgentChange, ListedMember } from './agent-repository.js';
import { createSlotFitter } from './agent-slots.js';
import { createReferenceCheck, refuseRepository } from './deploy-references.js';
import { presentService } from './service-status.js';
import { sizingOf, upToDate } from './sizing.js';

interface AgentServiceDeps {
  store: Store;
  clock: Clock;
  ids: Ids;
  audit: Audit;
  builds: Pick<BuildService, 'findUsable'>;
  regions: Regions;
  workers: Pick<WorkerChannel, 'locate'>;
  secrets: Pick<SecretService, 'readiness'>;
  references: Pick<SecretReferences, 'checkStillThere'>;
  /** Wakes the reconciler; the change is committed already. */
  nudge: () => void;
  removeLogs: (agentId: string) => Promise<void>;
}

export function createAgentService(deps: AgentServiceDeps) {
  const { store, clock, ids, audit, regions, workers, nudge, removeLogs } = deps;
  const checkReferences = createReferenceCheck(deps);
  const fitSlots = createSlotFitter(deps);
  const takeover = createTakeover(deps);

  async function find(organizationId: string, name: string): Promise<Agent> {
    const agent = await store.agents.find(organizationId, name);
    if (!agent) throw notFound('Agent', name);
    return agent;
  }

  /** Why an instance that is being made can't be at this moment. */
  function delayOf(slots: readonly Slot[]): string | undefined {
    const seen = slots.flatMap(({ organizationId, instanceId }) =>
      instanceId === null ? [] : (workers.locate(organizationId, instanceId)?.instance ?? []),
    );
    return seen.find(({ delayed }) => delayed !== undefined)?.delayed;
  }

  async function present(organization: OrganizationAccess, agent: Agent, warning?: string): Promise<Service> {
    const wanted = [agent.desiredDeploymentId, agent.liveDeploymentId].filter((id) => id !== null);
    const [slots, open, ...deployments] = await Promise.all([
      store.slots.listOfAgent(organization.id, agent.id),
      store.sessions.countOpen(organization.id, agent.id),
      ...wanted.map((id) => store.deployments.find(organization.id, id)),
    ]);
    const known = deployments.filter((deployment) => deployment !== undefined);
    return presentService({
      agent,
      desired: known.find(({ id }) => id === agent.desiredDeploymentId),
      live: known.find(({ id }) => id === agent.liveDeploymentId),
      slots,
      delayed: delayOf(slots),
      activeSessions: open,
      organizationName: organization.name,
      warning,
    });
  }

  /** The agent is new, or under a lock. */
  async function addDeployment(
    repos: Repositories,
    agent: Agent,
    actor: Actor,
    settings: DeploymentSettings & Partial<RolloutPlan> & { imageDigest?: string | null },
  ): Promise<Deployment> {
    await holdSets(repos, agent.organizationId, settings);
    const now = clock.now();
    const createdAt = (await repos.deployments.nextCreatedAt(agent.id, now)).toISOString();
    const deployment: Deployment = {
      imageDigest: null,
      rollout: 'automatic',
      canaryPercent: null,
      ...settings,
      id: ids.id(),
      organizationId: agent.organizationId,
      agentId: agent.id,
      phase: 'Creating',
      phaseStartedAt: now.toISOString(),
      startFailures: 0,
      sessionCrashes: 0,
      error: null,
      readyAt: null,
      liveAt: null,
      deployedBy: { kind: actor.kind, id: actor.id, credentialId: actor.credentialId },
      createdAt,
      updatedAt: now.toISOString(),
    };
    await repos.deployments.insert(deployment);
    return deployment;
  }

  return {
    find,
    present,

    async get(organization: OrganizationAccess, name: string): Promise<Service> {
      return await present(organization, await find(organization.id, name));
    },

    /** These members of one page by name, of the agents that the caller may see. */
    async list<M extends ListedMember>(
      organization: OrganizationAccess,
      { region: wanted, limit, offset }: { region?: string | undefined; limit: number; offset: number },
      members: readonly M[],
    ): Promise<{ agents: Pick<Agent, M>[]; hasMore: boolean }> {
      // No region has such a name, and PostgreSQL takes no NUL in a text.
      if (wanted?.includes('\0')) return { agents: [], hasMore: false };
      const names = organization.agents && [...organization.agents];
      const filter = { region: wanted, names, limit: limit + 1, offset };
      const found = await store.agents.page(organization.id, filter, members);
      return { agents: found.slice(0, limit), hasMore: found.length > limit };
    },

    /** The deployments that are live, of these agents. */
    async liveDeployments(
      organization: OrganizationAccess,
      agents: readonly Pick<Agent, 'liveDeploymentId'>[],
    ): Promise<Map<string, Deployment>> {
      const ids = agents.flatMap(({ liveDeploymentId }) => liveDeploymentId ?? []);
      return await store.deployments.findAll(organization.id, ids);
    },

    async create(organization: OrganizationAccess, actor: Actor, body: DeployBody): Promise<Service> {
      if (reservedAgentName(body.serviceName)) {
        throw badRequest(
          `An agent cannot be called '${body.serviceName}': 'webhooks' and names that begin with 'start' are ambiguous in public URLs`,
        );
      }
      refuseRepository(body);
      if ((body.image === undefined) === (body.buildId === undefined)) {
        throw badRequest('A new agent needs exactly one of image and buildId');
      }
      const rollout = rolloutOf(body.rollout);
      checkHasLive(body.serviceName, rollout, null);
      const { minAgents, maxAgents } = scalingOf(body, { minAgents: 0, maxAgents: maxAgentsLimit });
      if (body.region !== undefined) await regions.check(organization.id, body.region);
      const region = body.region ?? (await regions.defaultOf(organization));
      await checkReferences(organization.id, region, body);
      const sizing = await sizingOf(store, organization.id, body, undefined);
      const architecture = (await regions.find(organization.id, region))?.defaultArchitecture ?? null;
      const settings = { ...mergeSettings(undefined, body, sizing), architecture: body.architecture ?? architecture };
      const now = clock.now().toISOString();
      const agent: Agent = {
        id: ids.id(),
        organizationId: organization.id,
        name: body.serviceName,
        region,
        minAgents,
        maxAgents,
        ...reuseAfter(body.reuse, { reuseMaxSessions: null, reuseMaxMemoryPercent: null }),
        websocketAuth: body.websocketAuth ?? 'token',
        desiredDeploymentId: null,
        liveDeploymentId: null,
        reconciledDeploymentId: null,
        fallbackDeploymentIds: [],
        canaryPercent: null,
        startsHeld: false,
        createdAt: now,
        updatedAt: now,
        deletedAt: null,
      };
      const created = await store.transaction(async (repos) => {
        // An organization is deleted only while it has no agent, so none may come while it is being deleted.
        if (!(await repos.organizations.holdLiving(organization.id))) throw notFound('Organization', organization.name);
        await regions.hold(repos, organization.id, region);
        if (!(await repos.agents.insert(agent))) {
          throw badRequest(
            `An agent called '${agent.name}' exists already in ${organization.name}; update it, or choose another name`,
          );
        }
        const deployment = await addDeployment(repos, agent, actor, { ...settings, ...rollout });
        await repos.agents.update(organization.id, agent.id, { desiredDeploymentId: deployment.id }, clock.now());
        await fitSlots(repos, agent, maxAgents);
        await audit.record(repos, actor, {
          action: 'agent.created',
          organizationId: organization.id,
          target: agent.name,
          detail: { deploymentId: deployment.id },
        });
        return { ...agent, desiredDeploymentId: deployment.id };
      });
      nudge();
      return await present(organization, created);
    },

    /** Absent members stay as they are. What makes a new deployment and what does not: contract §11.1. */
    async update(organization: OrganizationAccess, actor: Actor, body: DeployBody): Promise<Service> {
      refuseRepository(body);
      if (body.image !== undefined && body.buildId !== undefined)
        throw badRequest('An update takes image or buildId, not both');
      const before = await find(organization.id, body.serviceName);
      if (body.region !== undefined && body.region !== before.region) {
        throw badRequest(`Agent '${before.name}' is in region '${before.region}', which is fixed for life`);
      }
      const rollout = rolloutOf(body.rollout);
      await checkReferences(organization.id, before.region, body);
      const result = await store.transaction(async (repos) => {
        const agent = await repos.agents.findToChange(organization.id, body.serviceName);
        if (!agent) throw notFound('Agent', body.serviceName);
        // Of what stands now: another call may have changed the limits since they were read.
        const scaling = scalingOf(body, agent);
        checkHasLive(agent.name, rollout, agent.liveDeploymentId);
        const current = agent.desiredDeploymentId
          ? await repos.deployments.find(organization.id, agent.desiredDeploymentId)
          : undefined;
        const sizing = await sizingOf(repos, organization.id, body, current);
        const settings = mergeSettings(current, body, sizing);
        const redeploy = needsDeployment(current, settings, body);
        const change: AgentChange = {
          ...scaling,
          ...reuseAfter(body.reuse, agent),
          ...(body.websocketAuth ? { websocketAuth: body.websocketAuth } : {}),
        };
        const deployment = redeploy
          ? await addDeployment(repos, agent, actor, {
              ...(await upToDate(repos, organization.id, settings)),
              ...rollout,
              imageDigest: digestToKeep(current, body),
            })
          : undefined;
        const pending = deployment ? undefined : pendingOf(agent, current);
        if (pending && rollout) await takeover.apply(repos, agent, pending, rollout);
        const changed =
          redeploy ||
          (pending !== undefined && rollout !== undefined) ||
          (Object.keys(change) as (keyof AgentChange)[]).some((key) => change[key] !== agent[key]);
        if (changed) {
          if (deployment) await takeover.request(repos, agent, deployment, change);
          else await repos.agents.update(organization.id, agent.id, change, clock.now());
          await fitSlots(repos, agent, scaling.maxAgents);
          await audit.record(repos, actor, {
            action: deployment ? 'agent.deployed' : 'agent.updated',
            organizationId: organization.id,
            target: agent.name,
            detail: deployment
              ? { deploymentId: deployment.id, ...rollout }
              : { ...change, ...(pending ? rollout : {}) },
          });
        }
        return { agent: (await repos.agents.find(organization.id, agent.name)) ?? agent, changed };
      });
      nudge();
      const warning = result.changed
        ? undefined
        : 'Nothing changed, so nothing was deployed. To deploy the same again, pass --force (forceRedeploy over the API)';
      return await present(organization, result.agent, warning);
    },

    /** No new session from now on; those that run go on to their end (contract §11.6). */
    async remove(organization: OrganizationAccess, actor: Actor, name: string): Promise<void> {
      const agent = await find(organization.id, name);
      await store.transaction(async (repos) => {
        await repos.agents.markDeleted(organization.id, agent.id, clock.now());
        await audit.record(repos, actor, { action: 'agent.deleted', organizationId: organization.id, target: name });
      });
      nudge();
      await removeLogs(agent.id);
    },
  };
}
export type AgentService = ReturnType<typeof createAgentService>;

/** The desired deployment while it is still to take over. */
function pendingOf(agent: Agent, desired: Deployment | undefined): Deployment | undefined {
  return desired && desired.id !== agent.liveDeploymentId && desired.phase !== 'Failed' ? desired : undefined;
}

/** Under a lock: a set that is being deleted at this moment is either kept by a deployment or missed by it. */
export async function holdSets(
  repos: Repositories,
  organizationId: string,
  { secretSet, imagePullSecretSet }: Pick<DeploymentSettings, 'secretSet' | 'imagePullSecretSet'>,
): Promise<void> {
  for (const name of [secretSet, imagePullSecretSet]) {
    if (name !== null && !(await repos.secrets.lockSet(organizationId, name))) throw notFound('Secret set', name);
  }
}
