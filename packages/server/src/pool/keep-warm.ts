import type { Agent } from '../agents/agent-repository.js';
import type { Store } from '../db/store.js';
import type { Deployment } from '../deployments/deployment-repository.js';
import type { Slot } from '../slots/slot-repository.js';
import { type Clock, type Ids, monotonicMs } from '../system.js';
import { maxBackoffMs } from './crash-loop.js';
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
/** Between two decisions of an agent that are written down. */
const recordedMs = 2_000;

/** Keeps as many idle instances of the live deployment, and of a canary, as the target says: up at once, down once they have been idle for long. */
export function createKeepWarm({ store, clock, ids, demand }: KeepWarmDeps) {
  const bucket = createTokenBucket(creation);
  const decided = new Map<string, { said: string; atMs: number }>();
  /** Deployments whose instances fail, and until when no other is made in advance. Of other places too: the next would fail as well. */
  const waiting = new Map<string, number>();

  /** Only what changes is written: the number and what it rests on, not each breath of the rate; and what lasts, not each step of a storm. */
  async function record(agent: Agent, decision: TargetDecision): Promise<void> {
    const said = `${decision.target} ${decision.reason}`;
    const before = decided.get(agent.id);
    if (before && (before.said === said || monotonicMs() - before.atMs < recordedMs)) return;
    const known = before ? undefined : await store.pool.decisions(agent.organizationId, agent.id, 1);
    decided.set(agent.id, { said, atMs: monotonicMs() });
    const last = known?.[0];
    if (last && `${last.target} ${last.reason}` === said) return;
    await store.transaction((repos) => repos.pool.decide(agent, decision, clock.now()));
  }

  async function start(free: readonly Slot[], live: Deployment, missing: number): Promise<boolean> {
    const now = clock.now();
    const chosen = free.slice(0, missing).filter(({ agentId }) => bucket.take(agentId, monotonicMs()));
    if (chosen.length === 0) return false;
    return await store.transaction(async (repos) => {
      let changed = false;
      for (const slot of inOrder(chosen)) {
        const to = { state: 'starting', deploymentId: live.id, instanceId: ids.id() } as const;
        changed = (await repos.slots.change(slot, to, now)) || changed;
      }
      return changed;
    });
  }

  /** Those that have been idle for longest first. */
  async function retire(idle: readonly Slot[], surplus: number): Promise<boolean> {
    const now = clock.now();
    const cooled = new Date(now.getTime() - idleCooldownMs).toISOString();
    const old = idle
      .filter((slot) => slot.state === 'ready' && slot.changedAt <= cooled)
      .sort((a, b) => a.changedAt.localeCompare(b.changedAt))
      .slice(0, surplus);
    if (old.length === 0) return false;
    await store.transaction(async (repos) => {
      for (const slot of inOrder(old)) await repos.slots.change(slot, { state: 'retiring' }, now);
    });
    return true;
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
        const lacking = target - idle.length;
        const missing = (waiting.get(deployment.id) ?? 0) > monotonicMs() ? 0 : Math.max(0, lacking);
        const acted = missing > 0 ? await start(free, deployment, missing) : await retire(idle, Math.max(0, -lacking));
        free = free.slice(missing);
        changed = acted || changed;
      }
      return changed;
    },
    /** How many idle instances the agent is to have as things are. */
    targetOf: (agent: Agent, slots: readonly Slot[]): number =>
      decideTarget(agent, slots, demand.of(agent.id), clock.now()).target,
    /** An instance of it has failed: the next is made in advance after so long. */
    failed: (deploymentId: string, waitMs: number) => void waiting.set(deploymentId, monotonicMs() + waitMs),
    /** Forgets what time has made void. */
    sweep(): void {
      bucket.sweep(monotonicMs());
      for (const [id, untilMs] of waiting) if (untilMs <= monotonicMs()) waiting.delete(id);
    },
  };
}

/** The order in which everyone locks slots: two that took them the other way round would wait for each other. */
export const inOrder = (slots: readonly Slot[]): Slot[] => [...slots].sort((a, b) => a.id.localeCompare(b.id));

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

/** It failed a moment ago. A time further away than any backoff is from before the clock was set back. */
export function mayNotStart({ notBefore }: Slot, now: Date): boolean {
  if (notBefore === null) return false;
  const waitMs = Date.parse(notBefore) - now.getTime();
  return waitMs > 0 && waitMs <= maxBackoffMs;
}
