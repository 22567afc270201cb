import type { PromoteBody, RollbackBody, Service } from '@pipecat-cloud/contract/agents';
import type { DeploymentRecord } from '@pipecat-cloud/contract/deployments';
import type { Actor, OrganizationAccess } from '../access/principal.js';
import type { Audit } from '../audit/audit-service.js';
import type { BuildService } from '../builds/build-service.js';
import type { Repositories, Store } from '../db/store.js';
import { historyOf } from '../deployments/deployment-history.js';
import type { Deployment } from '../deployments/deployment-repository.js';
import { createTakeover } from '../deployments/takeover.js';
import { conflict, notFound } from '../errors.js';
import type { Clock, Ids } from '../system.js';
import type { Agent } from './agent-repository.js';
import { type AgentService, holdSets } from './agent-service.js';
import { presentDeployment } from './service-status.js';

interface RolloutServiceDeps {
  store: Store;
  clock: Clock;
  ids: Ids;
  audit: Audit;
  agents: Pick<AgentService, 'find' | 'present'>;
  builds: Pick<BuildService, 'findUsable'>;
  nudge: () => void;
}

/** What a team decides of its deployments after they were made. Sessions that run go on, whatever is decided. */
export function createRolloutService(deps: RolloutServiceDeps) {
  const { store, audit, agents, builds, nudge } = deps;
  const takeover = createTakeover(deps);

  type Change = { action: string; detail: Record<string, unknown> };

  /** One transaction: the agent under a lock, the change, its audit record. */
  async function change(
    organization: OrganizationAccess,
    actor: Actor,
    name: string,
    decide: (repos: Repositories, agent: Agent) => Promise<Change>,
  ): Promise<Service> {
    const changed = await store.transaction(async (repos) => {
      const agent = await repos.agents.findToChange(organization.id, name);
      if (!agent) throw notFound('Agent', name);
      const { action, detail } = await decide(repos, agent);
      await audit.record(repos, actor, { action, organizationId: organization.id, target: agent.name, detail });
      return (await repos.agents.find(organization.id, name)) ?? agent;
    });
    nudge();
    return await agents.present(organization, changed);
  }

  /** The deployment that is to take over from the live one; undefined where none is. */
  async function pendingOf(repos: Repositories, agent: Agent): Promise<Deployment | undefined> {
    const { desiredDeploymentId, liveDeploymentId, organizationId } = agent;
    if (desiredDeploymentId === null || desiredDeploymentId === liveDeploymentId) return undefined;
    return await repos.deployments.find(organizationId, desiredDeploymentId);
  }

  async function targetOf(repos: Repositories, agent: Agent, live: Deployment, id: string | undefined) {
    if (id === undefined) return await repos.deployments.findLiveBefore(live);
    const found = await repos.deployments.find(agent.organizationId, id);
    if (found?.agentId !== agent.id) throw notFound('Deployment', id);
    return found;
  }

  return {
    /** Newest first, with what became of each. */
    async history(organization: OrganizationAccess, name: string): Promise<DeploymentRecord[]> {
      const agent = await agents.find(organization.id, name);
      const deployments = await store.deployments.listOfAgent(organization.id, agent.id);
      const names = await store.audit.names.of(
        organization.id,
        deployments.map(({ deployedBy }) => ({
          actorId: deployedBy?.id ?? null,
          credentialId: deployedBy?.credentialId ?? null,
        })),
      );
      return deployments.map((deployment, index) => ({
        ...presentDeployment(deployment, agent, organization.name),
        ...historyOf(deployment, deployments[index + 1], agent, names),
      }));
    },

    /** Gives the deployment that waits the new sessions, or a share of them; at once where it is ready, else once it is. */
    async promote(organization: OrganizationAccess, actor: Actor, name: string, body: PromoteBody): Promise<Service> {
      return await change(organization, actor, name, async (repos, agent) => {
        const pending = await pendingOf(repos, agent);
        if (!pending) {
          throw conflict(`Agent '${name}' has nothing to promote: the deployment that was asked for last is live`);
        }
        if (body.deploymentId !== undefined && body.deploymentId !== pending.id) {
          throw conflict(
            `Deployment '${body.deploymentId}' does not wait to be promoted; '${pending.id}' does, which was deployed after it`,
          );
        }
        if (pending.phase === 'Failed') {
          throw conflict(
            `Deployment '${pending.id}' has failed and takes no sessions: ${pending.error?.message ?? 'it did not start'}. Deploy again, or roll back to clear it`,
          );
        }
        const { canaryPercent: percent = null } = body;
        if (percent !== null && agent.liveDeploymentId === null) {
          throw conflict(`Agent '${name}' has no live deployment that could take the other sessions`);
        }
        const rollout = percent === null ? ('automatic' as const) : ('canary' as const);
        await takeover.apply(repos, agent, pending, { rollout, canaryPercent: percent });
        return {
          action: percent === null ? 'agent.promoted' : 'agent.canary_changed',
          detail: {
            deploymentId: pending.id,
            instead: agent.liveDeploymentId,
            ...(percent === null ? {} : { percent }),
          },
        };
      });
    },

    /**
     * Makes an older deployment live in this very call: it was ready once, so it is not tried again. Without an id, one that is being
     * rolled out is withdrawn; where none is, the one goes live that was before the live one.
     */
    async rollBack(organization: OrganizationAccess, actor: Actor, name: string, body: RollbackBody): Promise<Service> {
      return await change(organization, actor, name, async (repos, agent) => {
        const live = agent.liveDeploymentId
          ? await repos.deployments.find(organization.id, agent.liveDeploymentId)
          : undefined;
        if (!live)
          throw conflict(`Agent '${name}' has had no deployment that took sessions, so there is none to go back to`);
        const pending = await pendingOf(repos, agent);
        const target =
          body.deploymentId === undefined && pending ? live : await targetOf(repos, agent, live, body.deploymentId);
        if (!target) throw conflict(`Deployment '${live.id}' of agent '${name}' is the first that took sessions`);
        if (target.id === live.id) {
          if (!pending) throw conflict(`Deployment '${live.id}' is live already, and no other is being rolled out`);
          await takeover.withdraw(repos, agent, pending);
          return { action: 'agent.rolled_back', detail: { deploymentId: live.id, instead: pending.id } };
        }
        if (target.readyAt === null || target.phase === 'Failed') {
          throw conflict(
            `Deployment '${target.id}' cannot take sessions: ${target.error?.message ?? 'it was never ready'}. Choose one that was live; see the deployments of the agent`,
          );
        }
        // What its instances are made from must not have been deleted meanwhile.
        await holdSets(repos, organization.id, target);
        if (target.buildId !== null) await builds.findUsable(organization.id, target.buildId, repos);
        const change = { desiredDeploymentId: target.id, reconciledDeploymentId: target.id };
        await takeover.goLive(repos, agent, target, { keepIdle: false, change, withdrawn: pending });
        return { action: 'agent.rolled_back', detail: { deploymentId: target.id, instead: live.id } };
      });
    },
  };
}
export type RolloutService = ReturnType<typeof createRolloutService>;
