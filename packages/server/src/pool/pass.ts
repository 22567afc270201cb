import { failpoint } from '@pipecat-cloud/contract/failpoint';
import type { ObservedInstance } from '@pipecat-cloud/contract/worker';
import type { Logger } from 'pino';
import type { Agent } from '../agents/agent-repository.js';
import type { Store } from '../db/store.js';
import type { InstanceSecrets } from '../secrets/secret-service.js';
import type { SessionEnds } from '../sessions/session-ends.js';
import type { Slot } from '../slots/slot-repository.js';
import { surplusSlots } from '../slots/surplus.js';
import { type Clock, type Ids, monotonicMs } from '../system.js';
import { createLastSeen } from '../usage/last-seen.js';
import type { WorkerChannel } from '../workers/worker-channel.js';
import type { WorkerScope } from '../workers/worker-repository.js';
import { createApplySettlements, type SettledSlot } from './apply-settlements.js';
import { recoveredDeployments } from './crash-loop.js';
import type { DemandBook } from './demand-book.js';
import { createFacts, type Facts } from './facts.js';
import { instanceSpec, type SpecDeps } from './instance-spec.js';
import { createKeepWarm, inOrder } from './keep-warm.js';
import { isLost, isOver } from './lost-workers.js';
import { pinDigests } from './pin-digests.js';
import { createPlaces } from './places.js';
import { type Action, plan } from './plan.js';
import { createRollout, isCurrent } from './rollout.js';
import { createSessionWatch } from './session-watch.js';
import { settle } from './settle.js';

export interface PassDeps {
  store: Store;
  clock: Clock;
  ids: Ids;
  log: Logger;
  workers: WorkerChannel;
  ends: SessionEnds;
  secretsOf: (organizationId: string, setName: string) => Promise<InstanceSecrets>;
  registryOf: SpecDeps['registryOf'];
  /** Whether a caller of this process is waiting for the session to start. */
  isStarting: (sessionId: string) => boolean;
  /** No other control plane can be on this database. */
  isAlone?: boolean;
  nudge: () => void;
  demand: DemandBook;
  /** Places have become free: whoever waits for one may try. */
  onPlaces: () => void;
  removeLogs: (agentId: string) => Promise<void>;
  /** Whose workers run the agents of a region; undefined for those of the installation. */
  scopeOf: (organizationId: string, region: string) => Promise<WorkerScope | undefined>;
}

/** A worker ends a bot that goes on after its session within seconds; one that is still there then is ended from here. */
const quarantineMs = 60_000;
/** What a crash may forget of the measured demand. */
const saveDemandMs = 5_000;

export type Observed = ReadonlyMap<string, ReadonlyMap<string, ObservedInstance>>;

export function createPass(deps: PassDeps) {
  const { store, clock, log, workers, nudge } = deps;
  const rollout = createRollout(deps);
  const keepWarm = createKeepWarm(deps);
  const givePlaces = createPlaces(deps);
  const applySettlements = createApplySettlements({ ...deps, startFailed: keepWarm.failed });
  const settleSessions = createSessionWatch(deps);
  const readFacts = createFacts(deps);
  const lastSeen = createLastSeen(deps);
  const underWay = new Map<string, Promise<void>>();
  let nextSaveMs = 0;

  /** Starts an action and remembers it; never waited for, or one slow instance would stall every agent. */
  function begin(action: Action, facts: Facts): void {
    const { instanceId } = action;
    if (underWay.has(instanceId)) return;
    const done = act(action, facts)
      .then(nudge, (err: unknown) => log.warn({ err, instanceId }, `${action.do} failed; the next pass tries again`))
      .finally(() => underWay.delete(instanceId));
    underWay.set(instanceId, done);
  }

  async function act(action: Action, facts: Facts): Promise<void> {
    const { workerId, instanceId } = action;
    if (action.do === 'remove') return await remove(action);
    const { slot } = action;
    const spec = await specOf(slot, instanceId, facts).catch((err: unknown) => {
      if (slot.state !== 'retiring') throw err;
      log.warn({ err, instanceId }, 'it goes without its spec; lines that its worker holds back for it are not kept');
    });
    if (spec) {
      await workers.command(workerId, { do: 'ensure', spec });
      await failpoint('rollout.ordered');
    } else if (slot.state === 'retiring') await remove(action);
  }

  async function remove({ workerId, instanceId }: Action): Promise<void> {
    await workers.command(workerId, { do: 'remove', instanceId, graceSeconds: 10, evenIfBusy: true });
  }

  /** Undefined where its agent or its deployment is gone. */
  async function specOf(slot: Slot, instanceId: string, { agents, deployments }: Facts) {
    const agent = agents.get(slot.agentId);
    const deployment =
      deployments.get(slot.deploymentId ?? '') ??
      (slot.deploymentId ? await store.deployments.find(slot.organizationId, slot.deploymentId) : undefined);
    return agent && deployment ? await instanceSpec(deps, agent, deployment, instanceId) : undefined;
  }

  async function settleSlots(facts: Facts, observed: Observed): Promise<boolean> {
    let changed = false;
    const surplus = surplusOf(facts);
    const settled: SettledSlot[] = [];
    for (const slot of facts.slots) {
      const agent = facts.agents.get(slot.agentId);
      const instances = slot.workerId ? observed.get(slot.workerId) : undefined;
      const seen = slot.instanceId ? instances?.get(slot.instanceId) : undefined;
      const desired = facts.deployments.get(agent?.desiredDeploymentId ?? '');
      const current = isCurrent(slot, agent, desired);
      const workerKnown = instances !== undefined && !missingYet(slot, instances);
      const settlement = settle({
        slot,
        seen,
        workerKnown,
        workerLost: isLost(workers, slot),
        over: isOver(workers, slot),
        current,
        surplus: surplus.has(slot.id),
        usedUp: agent?.reuseMaxSessions != null && slot.served >= agent.reuseMaxSessions,
        overdue: clock.now().getTime() - Date.parse(slot.changedAt) > quarantineMs,
      });
      if (slot.state === 'starting' && settlement?.to === 'ready' && seen?.startedMs)
        deps.demand.started(slot.agentId, seen.startedMs);
      const isEmpty = slot.state === 'empty' || settlement?.to === 'empty';
      // Never empty first and removed later: in between it could be claimed.
      if (isEmpty && surplus.has(slot.id)) changed = (await removeSlot(slot, agent)) || changed;
      else if (settlement) settled.push({ slot, settlement, readyUntil: seen ? undefined : lastSeen.ofGone(slot) });
    }
    if (settled.length === 0) return changed;
    return (await applySettlements(facts, settled)) || changed;
  }

  /** An instance that was ordered a moment ago and is still being ordered is not gone. */
  function missingYet(slot: Slot, instances: ReadonlyMap<string, ObservedInstance>): boolean {
    return slot.instanceId !== null && !instances.has(slot.instanceId) && underWay.has(slot.instanceId);
  }

  /** With the last slot of a deleted agent go the lines that its instances wrote on their way out. */
  async function removeSlot(slot: Slot, agent: Agent | undefined): Promise<boolean> {
    const removed = await store.slots.remove(slot);
    if (agent || !removed) return removed;
    const left = await store.slots.listOfAgent(slot.organizationId, slot.agentId);
    if (left.length === 0) await deps.removeLogs(slot.agentId);
    return true;
  }

  async function assignWorkers({ agents, deployments, slots }: Facts): Promise<boolean> {
    const assigned = new Map<string, string>();
    for (const slot of slots) {
      if (!slot.instanceId || slot.workerId || slot.state === 'retiring' || slot.state === 'empty') continue;
      const agent = agents.get(slot.agentId);
      const deployment = deployments.get(slot.deploymentId ?? '');
      const scope = agent && (await deps.scopeOf(agent.organizationId, agent.region));
      const workerId = workers.pick({ scope, architecture: deployment?.architecture });
      if (workerId) assigned.set(slot.id, workerId);
    }
    if (assigned.size === 0) return false;
    return await store.transaction(async (repos) => {
      let changed = false;
      for (const slot of inOrder(slots.filter(({ id }) => assigned.has(id))))
        changed = (await repos.slots.change(slot, { workerId: assigned.get(slot.id) ?? null }, clock.now())) || changed;
      return changed;
    });
  }

  async function advance(agent: Agent, facts: Facts): Promise<boolean> {
    const slots = facts.slotsOf.get(agent.id) ?? [];
    const live = facts.deployments.get(agent.liveDeploymentId ?? '');
    const desired = facts.deployments.get(agent.desiredDeploymentId ?? '');
    const placed = await givePlaces(agent, slots);
    const target = keepWarm.targetOf(agent, slots);
    // What follows would go by the places and deployments as they were before.
    if (await rollout.advance({ agent, desired, live, slots, target })) return true;
    const warmed = await keepWarm.advance({ agent, desired, live, slots });
    return placed || warmed;
  }

  async function saveDemand({ agents }: Facts): Promise<void> {
    if (monotonicMs() < nextSaveMs) return;
    nextSaveMs = monotonicMs() + saveDemandMs;
    await deps.demand.save(agents.values());
    deps.demand.forgetIdle();
    keepWarm.sweep();
  }

  return {
    /** Safe to repeat, and safe to lose halfway: the next pass starts from what it finds. True when another pass is due. */
    async pass(): Promise<boolean> {
      // The world first, then the database: a row added in between is started, never mistaken for an orphan.
      const observed = workers.observed();
      const facts = await readFacts();
      await lastSeen.look(facts.slots, ({ workerId, instanceId }) =>
        Boolean(observed.get(workerId ?? '')?.has(instanceId ?? '')),
      );
      await settleSessions(facts, observed);
      await pinDigests(store, facts, observed);
      let changed = await settleSlots(facts, observed);
      for (const deployment of recoveredDeployments(facts, clock.now()))
        await store.deployments.clearStartFailures(deployment);
      await deps.demand.recall([...facts.agents.keys()]);
      for (const agent of facts.agents.values()) changed = (await advance(agent, facts)) || changed;
      await saveDemand(facts);
      if (changed) deps.onPlaces();
      changed = (await assignWorkers(facts)) || changed;
      const starting = new Set(facts.sessions.filter(({ state }) => state === 'starting').map(({ id }) => id));
      const living = new Set(facts.agents.keys());
      const actions = plan({ slots: facts.slots, observed, starting, living, wasEnsured: workers.wasEnsured });
      for (const action of actions) begin(action, facts);
      return changed;
    },
    /** Waits for the actions that were begun. */
    async idle(): Promise<void> {
      await Promise.allSettled(underWay.values());
    },
  };
}
export type Pass = ReturnType<typeof createPass>;

/** Slots that are to go once they are empty: those of deleted agents, and those beyond an agent's limit. */
function surplusOf({ agents, slotsOf }: Facts): ReadonlySet<string> {
  const surplus = [...slotsOf].flatMap(([agentId, slots]) => {
    const agent = agents.get(agentId);
    return agent ? surplusSlots(slots, agent.maxAgents) : slots;
  });
  return new Set(surplus.map(({ id }) => id));
}
