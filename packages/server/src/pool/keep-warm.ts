import type { Agent } from '../agents/agent-repository.js';
import type { Store } from '../db/store.js';
import type { Deployment } from '../deployments/deployment-repository.js';
import type { Slot } from '../slots/slot-repository.js';
import { type Clock, type Ids, monotonicMs } from '../system.js';
import { type Demand, rateAt, startSecondsP95 } from './demand.js';
import type { DemandBook } from './demand-book.js';
import { idleCooldownMs, idleTarget, type TargetDecision } from './target.js';
import { createTokenBucket } from './token-bucket.js';
import { isIdle, wantedOf } from './wanted.js';

interface KeepWarmDeps {
  store: Store;
  clock: Clock;
  ids: Ids;
  demand: DemandBook;
}
export interface WarmFacts {
  agent: Agent;
  desired: Deployment | undefined;
  live: Deployment | undefined;
  slots: readonly Slot[];
}

/** Instances that are made in advance: so many at once, then so many a second, for each agent. Sessions that wait are not held up by it. */
const creation = { burst: 10, perSecond: 2 };

/** Keeps as many idle instances of the live deployment, and of a canary, as the target says: up at once, down once they have been idle for long. */
export function createKeepWarm({ store, clock, ids, demand }: KeepWarmDeps) {
  const bucket = createTokenBucket(creation);
  const decided = new Map<string, string>();

  /** Only what changes is written: the number and what it rests on, not each breath of the rate. */
  async function record(agent: Agent, decision: TargetDecision): Promise<void> {
    const said = `${decision.target} ${decision.reason}`;
    if (decided.get(agent.id) === said) return;
    const known = decided.has(agent.id) ? undefined : await store.pool.decisions(agent.organizationId, agent.id, 1);
    decided.set(agent.id, said);
    const last = known?.[0];
    if (last && `${last.target} ${last.reason}` === said) return;
    await store.pool.decide(agent, decision, clock.now());
  }

  async function start(free: readonly Slot[], live: Deployment, missing: number): Promise<boolean> {
    const now = clock.now();
    let changed = false;
    for (const slot of free.slice(0, missing)) {
      if (!bucket.take(slot.agentId, monotonicMs())) break;
      const to = { state: 'starting', deploymentId: live.id, instanceId: ids.id() } as const;
      changed = (await store.slots.change(slot, to, now)) || changed;
    }
    return changed;
  }

  /** Those that have been idle for longest first. */
  async function retire(idle: readonly Slot[], surplus: number): Promise<boolean> {
    const now = clock.now();
    const cooled = new Date(now.getTime() - idleCooldownMs).toISOString();
    const old = idle
      .filter((slot) => slot.state === 'ready' && slot.changedAt <= cooled)
      .sort((a, b) => a.changedAt.localeCompare(b.changedAt))
      .slice(0, surplus);
    for (const slot of old) await store.slots.change(slot, { state: 'retiring' }, now);
    return old.length > 0;
  }

  return {
    /** True when something changed, so that another pass is due. */
    async advance(facts: WarmFacts): Promise<boolean> {
      const { agent, slots } = facts;
      if (agent.liveDeploymentId === null) return false;
      const now = clock.now();
      const decision = decideTarget(agent, slots, demand.of(agent.id), now);
      await record(agent, decision);
      const counted = slots.filter((slot) => !slot.spare);
      let free = counted.filter((slot) => slot.state === 'empty' && !mayNotStart(slot, now));
      let changed = false;
      for (const { deployment, target } of wantedOf(facts, decision.target)) {
        const idle = counted.filter((slot) => isIdle(slot, agent) && slot.deploymentId === deployment.id);
        const missing = Math.max(0, target - idle.length);
        const acted = missing > 0 ? await start(free, deployment, missing) : await retire(idle, idle.length - target);
        free = free.slice(missing);
        changed = acted || changed;
      }
      return changed;
    },
    /** How many idle instances the agent is to have as things are. */
    targetOf: (agent: Agent, slots: readonly Slot[]): number =>
      decideTarget(agent, slots, demand.of(agent.id), clock.now()).target,
    /** Forgets what time has made void. */
    sweep: () => bucket.sweep(monotonicMs()),
  };
}

/** The idle target of an agent as things are. Pure. */
export function decideTarget(agent: Agent, slots: readonly Slot[], known: Demand, now: Date): TargetDecision {
  const taken = slots.filter((slot) => !slot.spare && slot.state !== 'empty' && !isIdle(slot, agent));
  return idleTarget({
    minAgents: agent.minAgents,
    maxAgents: agent.maxAgents,
    busy: taken.length,
    active: slots.filter(({ state }) => state === 'claimed').length,
    arrivalsPerSecond: rateAt(known, now.getTime()),
    startSecondsP95: startSecondsP95(known),
  });
}

/** The longest wait after a failed start. */
export const maxBackoffMs = 30_000;

/** It failed a moment ago. A time further away than any backoff is from before the clock was set back. */
export function mayNotStart({ notBefore }: Slot, now: Date): boolean {
  if (notBefore === null) return false;
  const waitMs = Date.parse(notBefore) - now.getTime();
  return waitMs > 0 && waitMs <= maxBackoffMs;
}
