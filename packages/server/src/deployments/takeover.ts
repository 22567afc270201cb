import type { Agent, AgentChange } from '../agents/agent-repository.js';
import { isOverLimit, vacate } from '../agents/agent-slots.js';
import type { Repositories } from '../db/store.js';
import type { Slot } from '../slots/slot-repository.js';
import type { Clock, Ids } from '../system.js';
import type { Deployment, DeploymentPhase } from './deployment-repository.js';
import type { RolloutPlan } from './rollout-options.js';

interface TakeoverDeps {
  clock: Clock;
  ids: Ids;
}
export interface TakeoverOptions {
  /** Whether idle instances of the deployment before may take sessions until they are replaced. */
  keepIdle: boolean;
  /** Changes the agent with it. */
  change?: AgentChange;
  /** One that was to replace the live one, and is withdrawn in the same moment. */
  withdrawn?: Deployment | undefined;
}
const pending: readonly DeploymentPhase[] = ['Creating', 'Validating', 'Active'];
const isIdle = ({ spare, state }: Slot) => !spare && (state === 'ready' || state === 'starting');

/**
 * The moments at which it changes which deployment takes new sessions; sessions go on. Each is called in a transaction that changes no
 * deployment after it: everyone takes agents before deployments before slots, or two that wait for each other would both fail.
 */
export function createTakeover({ clock, ids }: TakeoverDeps) {
  const standing = (agent: Agent) =>
    agent.liveDeploymentId === null ? [] : [agent.liveDeploymentId, ...agent.fallbackDeploymentIds];

  /** Instances that may take no session any more leave their places at once, so that a start in the same moment finds one. */
  async function vacateOutdated(repos: Repositories, agent: Agent, serving: readonly string[]) {
    const [warmId] = serving;
    if (warmId === undefined) return;
    const now = clock.now();
    const slots = await repos.slots.holdOfAgent(agent.organizationId, agent.id);
    // One of an older deployment that is not ready yet would only be one more to replace.
    const mayServe = ({ state, deploymentId }: Slot) =>
      deploymentId === warmId || (state === 'ready' && serving.includes(deploymentId ?? ''));
    const outdated = slots.filter((slot) => isIdle(slot) && !mayServe(slot));
    const warm = slots.find((slot) => slot.spare && slot.state === 'ready' && slot.deploymentId === warmId);
    if (warm) {
      const place =
        slots.find(({ spare, state }) => !spare && (state === 'empty' || state === 'retiring')) ??
        outdated.shift() ??
        slots.find((slot) => isIdle(slot) && slot.state === 'ready' && slot.deploymentId !== warmId);
      if (place) await changePlaces(repos, warm, place, now);
    }
    for (const slot of outdated) await vacate(repos, ids, slot, now);
  }

  const takeover = {
    /** A new deployment is wanted. One that was wanted before and is not live takes no session from now on. */
    async request(repos: Repositories, agent: Agent, deployment: Deployment, change: AgentChange): Promise<void> {
      const now = clock.now();
      const { desiredDeploymentId, liveDeploymentId } = agent;
      await repos.agents.update(
        agent.organizationId,
        agent.id,
        {
          ...change,
          desiredDeploymentId: deployment.id,
          canaryPercent: null,
          startsHeld: deployment.rollout === 'strict' && liveDeploymentId !== null,
        },
        now,
      );
      if (desiredDeploymentId === null || desiredDeploymentId === liveDeploymentId) return;
      await repos.deployments.setPhase(desiredDeploymentId, pending, 'Draining', now);
      if (liveDeploymentId !== null) await vacateOutdated(repos, agent, standing(agent));
    },

    /** The desired deployment, which is not live yet, is to take over in another way: at once where it is ready. */
    async apply(repos: Repositories, agent: Agent, deployment: Deployment, plan: RolloutPlan): Promise<boolean> {
      const { rollout, canaryPercent } = plan;
      await repos.deployments.setRollout(deployment.id, rollout, canaryPercent);
      const now = clock.now();
      if (deployment.readyAt === null) {
        const startsHeld = rollout === 'strict' && agent.liveDeploymentId !== null;
        return await repos.agents.updateRollout(agent, { canaryPercent: null, startsHeld }, now);
      }
      if (rollout === 'canary' && canaryPercent !== null)
        return await takeover.share(repos, agent, deployment, canaryPercent);
      if (rollout !== 'held')
        return await takeover.goLive(repos, agent, deployment, { keepIdle: rollout !== 'strict' });
      if (!(await repos.agents.updateRollout(agent, { canaryPercent: null, startsHeld: false }, now))) return false;
      await vacateOutdated(repos, agent, standing(agent));
      return true;
    },

    /**
     * From here on new sessions go to this deployment. False, with nothing changed, when a deploy, promotion or rollback came
     * between since the agent was read.
     */
    async goLive(
      repos: Repositories,
      agent: Agent,
      deployment: Deployment,
      { keepIdle, change, withdrawn }: TakeoverOptions,
    ): Promise<boolean> {
      const now = clock.now();
      const before = agent.liveDeploymentId;
      const older = keepIdle && before !== null ? [before, ...agent.fallbackDeploymentIds] : [];
      const fallbackDeploymentIds = older.filter((id) => id !== deployment.id);
      const takes = { liveDeploymentId: deployment.id, fallbackDeploymentIds, canaryPercent: null, startsHeld: false };
      if (!(await repos.agents.updateRollout(agent, { ...change, ...takes }, now))) return false;
      if (withdrawn) await repos.deployments.setPhase(withdrawn.id, pending, 'Draining', now);
      if (before !== null && before !== deployment.id)
        await repos.deployments.setPhase(before, ['Active'], 'Draining', now);
      await repos.deployments.setPhase(deployment.id, ['Creating', 'Validating', 'Draining'], 'Active', now);
      await repos.deployments.markReady(deployment.id, now);
      await repos.deployments.markLive(deployment.id, now);
      await vacateOutdated(repos, agent, [deployment.id, ...fallbackDeploymentIds]);
      return true;
    },

    /** Its share of the new sessions goes to the desired deployment; the rest stays with the live one. */
    async share(repos: Repositories, agent: Agent, deployment: Deployment, percent: number): Promise<boolean> {
      const now = clock.now();
      if (!(await repos.agents.updateRollout(agent, { canaryPercent: percent, startsHeld: false }, now))) return false;
      await repos.deployments.setPhase(deployment.id, ['Creating', 'Validating'], 'Active', now);
      if (deployment.readyAt === null) await repos.deployments.markReady(deployment.id, now);
      return true;
    },

    /** The desired deployment takes no session from now on; the live one has them all, as before it. */
    async giveUp(repos: Repositories, agent: Agent, deployment: Deployment): Promise<boolean> {
      const now = clock.now();
      const change = { canaryPercent: null, startsHeld: false };
      if (!(await repos.agents.updateRollout(agent, change, now))) return false;
      const failed = await repos.deployments.setPhase(deployment.id, pending, 'Failed', now);
      await vacateOutdated(repos, agent, standing(agent));
      return failed;
    },

    /** The live deployment is the desired one again; the one that was to replace it is withdrawn, whatever it had come to. */
    async withdraw(repos: Repositories, agent: Agent, deployment: Deployment): Promise<boolean> {
      const now = clock.now();
      const { liveDeploymentId } = agent;
      if (liveDeploymentId === null) return false;
      const change = {
        desiredDeploymentId: liveDeploymentId,
        reconciledDeploymentId: liveDeploymentId,
        canaryPercent: null,
        startsHeld: false,
      };
      if (!(await repos.agents.updateRollout(agent, change, now))) return false;
      await repos.deployments.setPhase(deployment.id, pending, 'Draining', now);
      await vacateOutdated(repos, agent, standing(agent));
      return true;
    },
  };
  return takeover;
}
export type Takeover = ReturnType<typeof createTakeover>;

/**
 * A ready instance on a spare place, which takes no session, gets one that counts; what is idle there is retired. False, with nothing
 * changed, when one of them has changed since it was read, or the agent has no place to give.
 */
export async function changePlaces(
  repos: Pick<Repositories, 'agents' | 'slots'>,
  warm: Slot,
  place: Slot,
  now: Date,
): Promise<boolean> {
  if (await isOverLimit(repos, place)) return false;
  const leaves = place.state === 'ready' || place.state === 'starting';
  if (!(await repos.slots.change(warm, { spare: false }, now))) return false;
  const given = { spare: true, ...(leaves ? { state: 'retiring' as const } : {}) };
  if (await repos.slots.change(place, given, now)) return true;
  // One of them without the other would be a place too many, or for good one too few.
  await repos.slots.change(warm, { spare: true }, now);
  return false;
}
