import { failpoint } from '@pipecat-cloud/contract/failpoint';
import type { Agent } from '../agents/agent-repository.js';
import type { Repositories, Store } from '../db/store.js';
import type { Deployment } from '../deployments/deployment-repository.js';
import { createTakeover } from '../deployments/takeover.js';
import type { Slot } from '../slots/slot-repository.js';
import type { Clock, Ids } from '../system.js';
import { mayNotStart } from './keep-warm.js';
import { createReplaceOlder } from './replace-older.js';

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
  /** How many idle instances to keep. */
  target: number;
}

const running = new Set<Slot['state']>(['ready', 'claimed', 'settling']);

/** Whether the slot's instance is one that may take a session, or is being made ready for it. */
export function isCurrent(slot: Slot, agent: Agent | undefined, desired: Deployment | undefined): boolean {
  const { deploymentId, state } = slot;
  if (!agent || deploymentId === null) return false;
  if (deploymentId === agent.liveDeploymentId) return true;
  if (deploymentId === desired?.id) return desired.phase !== 'Failed';
  // An instance of an older deployment goes at its session's end, and none is made any more.
  return state === 'ready' && agent.fallbackDeploymentIds.includes(deploymentId);
}

/** Moves one agent towards what it should be: makes a new deployment ready, lets it take over, replaces what is older. */
export function createRollout({ store, clock, ids }: RolloutDeps) {
  const takeover = createTakeover({ clock, ids });
  const replaceOlder = createReplaceOlder({ store, clock, ids });

  /** True when something changed. */
  async function bringUp(facts: AgentFacts): Promise<boolean> {
    const { agent, desired, slots } = facts;
    if (!desired || desired.id === agent.liveDeploymentId) return false;
    const now = clock.now();
    if (desired.phase === 'Creating') {
      await store.deployments.setPhase(desired.id, ['Creating'], 'Validating', now);
      await failpoint('rollout.validating');
    }
    if (agent.reconciledDeploymentId !== desired.id) {
      await store.agents.updateRollout(agent, { reconciledDeploymentId: desired.id }, now);
    }
    if (desired.phase === 'Failed') return false;
    const own = slots.filter(({ deploymentId }) => deploymentId === desired.id);
    if (desired.readyAt === null && own.some(({ state }) => running.has(state))) return await takeOver(facts, desired);
    // What was ready once goes on failing only if it is a canary or held: the others are live by now.
    if (desired.startFailures >= startAttempts && !own.some(({ state }) => state === 'starting')) {
      return await store.transaction((repos) => takeover.giveUp(repos, agent, desired));
    }
    // A canary has its warm instances like a live deployment; one that is held keeps one, so that promoting it is instant.
    if (desired.readyAt !== null && desired.rollout !== 'held') return await takeOver(facts, desired);
    if (own.some(({ state }) => state === 'starting' || state === 'ready')) return false;
    return await validate(facts, desired);
  }

  /** A first instance, on the spare place: the others are for sessions. */
  async function validate({ agent, slots }: AgentFacts, desired: Deployment): Promise<boolean> {
    const empty = slots.filter(({ state }) => state === 'empty');
    const spare = empty.filter((slot) => slot.spare);
    const counted = empty.filter((slot) => !slot.spare);
    // Where all spare places are taken for long, one that sessions can do without.
    const places =
      agent.liveDeploymentId === null ? [...counted, ...spare] : spare.length > 0 ? spare : counted.slice(1);
    const now = clock.now();
    // Most failures are over a moment later or never: only the last attempt waits for its turn.
    const atOnce = desired.startFailures < startAttempts - 1;
    const free = places.find((slot) => atOnce || !mayNotStart(slot, now));
    if (!free) return false;
    const to = { state: 'starting', deploymentId: desired.id, instanceId: ids.id() } as const;
    const claimed = await store.slots.change(free, to, now);
    await failpoint('rollout.claimed');
    return claimed;
  }

  /** Whether it is to take over as it was when it was read. An update that was answered since then counts, and none is until the transaction ends. */
  async function isStillAsked(repos: Repositories, agent: Agent, read: Deployment): Promise<boolean> {
    if (!(await repos.agents.findToChange(agent.organizationId, agent.name))) return false;
    const now = await repos.deployments.find(read.organizationId, read.id);
    return now?.rollout === read.rollout && now.canaryPercent === read.canaryPercent;
  }

  /** Its first instance is ready: what that means is what the deploy asked for. */
  async function takeOver({ agent }: AgentFacts, desired: Deployment): Promise<boolean> {
    const { rollout, canaryPercent } = desired;
    const share = agent.liveDeploymentId !== null && rollout === 'canary' ? canaryPercent : null;
    if (share !== null && agent.canaryPercent === share) return false;
    const taken = await store.transaction(async (repos) => {
      if (!(await isStillAsked(repos, agent, desired))) return false;
      if (agent.liveDeploymentId !== null && rollout === 'held') {
        await repos.deployments.markReady(desired.id, clock.now());
        return true;
      }
      if (share !== null) return await takeover.share(repos, agent, desired, share);
      const live = await takeover.goLive(repos, agent, desired, { keepIdle: rollout !== 'strict' });
      await failpoint('rollout.promoting');
      return live;
    });
    await failpoint('rollout.promoted');
    return taken;
  }

  return {
    /** True when something changed, so that another pass is due. */
    async advance(facts: AgentFacts): Promise<boolean> {
      // What follows would go by who was live before.
      return (await bringUp(facts)) || (await replaceOlder(facts));
    },
  };
}
