import { failpoint } from '@pipecat-cloud/contract/failpoint';
import type { Agent } from '../agents/agent-repository.js';
import type { Store } from '../db/store.js';
import type { Deployment } from '../deployments/deployment-repository.js';
import type { Slot } from '../slots/slot-repository.js';
import type { Clock, Ids } from '../system.js';
import { mayNotStart } from './keep-warm.js';

/** After so many failed starts a new deployment is given up; the last good one keeps serving. */
const startAttempts = 3;

interface RolloutDeps {
  store: Store;
  clock: Clock;
  ids: Ids;
}
export interface AgentFacts {
  agent: Agent;
  desired: Deployment | undefined;
  live: Deployment | undefined;
  slots: readonly Slot[];
}

const running = new Set<Slot['state']>(['ready', 'claimed', 'settling']);

/** Moves one agent towards what it should be: validates a new deployment, makes it live. */
export function createRollout({ store, clock, ids }: RolloutDeps) {
  /** Takes an empty slot for a new instance; the next pass has a worker make it. */
  async function startOne(
    slots: readonly Slot[],
    deployment: Deployment,
    options: { spare: boolean },
  ): Promise<boolean> {
    const now = clock.now();
    const free = slots
      .filter((slot) => slot.state === 'empty' && !mayNotStart(slot, now))
      .sort((a, b) => Number(a.spare) - Number(b.spare))
      .find((slot) => options.spare || !slot.spare);
    if (!free) return false;
    const claimed = await store.slots.change(
      free,
      { state: 'starting', deploymentId: deployment.id, instanceId: ids.id() },
      now,
    );
    await failpoint('rollout.claimed');
    return claimed;
  }

  async function validate({ agent, desired, slots }: AgentFacts): Promise<boolean> {
    if (!desired || desired.id === agent.liveDeploymentId) return false;
    const now = clock.now();
    if (desired.phase === 'Creating') {
      await store.deployments.setPhase(desired.id, ['Creating'], 'Validating', now);
      await failpoint('rollout.validating');
    }
    if (agent.reconciledDeploymentId !== desired.id) {
      await store.agents.update(agent.organizationId, agent.id, { reconciledDeploymentId: desired.id }, now);
    }
    if (desired.phase === 'Failed') return false;
    const own = slots.filter(({ deploymentId }) => deploymentId === desired.id);
    if (own.some(({ state }) => running.has(state))) return await promote(agent, desired);
    if (own.some(({ state }) => state === 'starting')) return false;
    if (desired.startFailures >= startAttempts) {
      return await store.deployments.setPhase(desired.id, ['Creating', 'Validating'], 'Failed', now);
    }
    return await startOne(slots, desired, { spare: true });
  }

  /** From here on new sessions go to it; sessions on the older one go on to their end. */
  async function promote(agent: Agent, desired: Deployment): Promise<boolean> {
    const now = clock.now();
    const promoted = await store.transaction(async (repos) => {
      if (!(await repos.deployments.setPhase(desired.id, ['Creating', 'Validating'], 'Active', now))) return false;
      await repos.deployments.clearStartFailures(desired.id);
      if (agent.liveDeploymentId) await repos.deployments.setPhase(agent.liveDeploymentId, ['Active'], 'Draining', now);
      await repos.agents.update(agent.organizationId, agent.id, { liveDeploymentId: desired.id }, now);
      await failpoint('rollout.promoting');
      return true;
    });
    await failpoint('rollout.promoted');
    return promoted;
  }

  /** A warm instance on the spare slot changes places with one that counts and holds no session, or it could take none itself. */
  async function swapSpare({ live, slots }: AgentFacts): Promise<boolean> {
    const warm = slots.find(
      (slot) => slot.spare && slot.deploymentId === live?.id && (slot.state === 'ready' || slot.state === 'starting'),
    );
    const free = slots.find((slot) => !slot.spare && (slot.state === 'empty' || slot.state === 'retiring'));
    if (!warm || !free) return false;
    const now = clock.now();
    return await store.transaction(async (repos) => {
      const taken = await repos.slots.change(free, { spare: true }, now);
      return taken && (await repos.slots.change(warm, { spare: false }, now));
    });
  }

  return {
    /** True when something changed, so that another pass is due. */
    async advance(facts: AgentFacts): Promise<boolean> {
      const validated = await validate(facts);
      const swapped = await swapSpare(facts);
      return validated || swapped;
    },
  };
}
