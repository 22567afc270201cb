import { vacate } from '../agents/agent-slots.js';
import type { Store } from '../db/store.js';
import type { Deployment } from '../deployments/deployment-repository.js';
import { changePlaces } from '../deployments/takeover.js';
import type { Slot } from '../slots/slot-repository.js';
import type { Clock, Ids } from '../system.js';
import type { AgentFacts } from './rollout.js';
import { idleCooldownMs, idleTarget } from './target.js';

/** A deployment that takes sessions, and how many idle instances of it there should be. */
interface Wanted {
  deployment: Deployment;
  target: number;
}

const isIdle = ({ state }: Slot) => state === 'ready' || state === 'starting';
const oldestFirst = (a: Slot, b: Slot) => a.changedAt.localeCompare(b.changedAt);

/** Keeps the idle instances of one agent: starts what is missing, and replaces those of older deployments one after the other. */
export function createWarmPool({ store, clock, ids }: { store: Store; clock: Clock; ids: Ids }) {
  /** Takes the first of these places that is empty for a new instance; the next pass has a worker make it. */
  async function startOne(
    slots: readonly Slot[],
    deployment: Deployment,
    { atOnce = false }: { atOnce?: boolean } = {},
  ): Promise<boolean> {
    const now = clock.now();
    const mayStart = ({ notBefore }: Slot) => atOnce || notBefore === null || notBefore <= now.toISOString();
    const free = slots.find((slot) => slot.state === 'empty' && mayStart(slot));
    if (!free) return false;
    return await store.slots.change(
      free,
      { state: 'starting', deploymentId: deployment.id, instanceId: ids.id() },
      now,
    );
  }

  /** Idle instances that are to be replaced, oldest first: of older deployments, and of a live one that gives way to a canary. */
  function replaceable({ agent, slots }: AgentFacts, wanted: readonly Wanted[]): Slot[] {
    const ready = slots.filter(({ spare, state }) => !spare && state === 'ready').sort(oldestFirst);
    const older = ready.filter(({ deploymentId }) => agent.fallbackDeploymentIds.includes(deploymentId ?? ''));
    const [live, canary] = wanted;
    if (!live || !canary) return older;
    const own = ready.filter(({ deploymentId }) => deploymentId === live.deployment.id);
    return [...older, ...own.slice(0, Math.max(0, own.length - live.target))];
  }

  /** A warm instance on a spare place gets one that counts, or it could take no session itself. */
  async function swapSpare(facts: AgentFacts): Promise<boolean> {
    const { slots } = facts;
    const wanted = wantedOf(facts);
    const serving = wanted.map(({ deployment }) => deployment.id);
    const warm = slots.find((slot) => slot.spare && isIdle(slot) && serving.includes(slot.deploymentId ?? ''));
    if (!warm) return false;
    const free = (state: Slot['state']) => slots.find((slot) => !slot.spare && slot.state === state);
    // One that may still take a session leaves only for one that is ready to.
    const place =
      free('empty') ?? free('retiring') ?? (warm.state === 'ready' ? replaceable(facts, wanted)[0] : undefined);
    if (!place) return false;
    return await store.transaction((repos) => changePlaces(repos, warm, place, clock.now()));
  }

  /** Starts what is missing on empty places; where older instances fill them all, on the spare one. */
  async function startMissing({ slots }: AgentFacts, wanted: readonly Wanted[], older: readonly Slot[]) {
    let changed = false;
    const used = new Set<Slot>();
    for (const { deployment, target } of wanted) {
      const idle = slots.filter((slot) => isIdle(slot) && slot.deploymentId === deployment.id).length;
      for (let missing = target - idle; missing > 0; missing--) {
        const next =
          slots.find((slot) => !slot.spare && slot.state === 'empty' && !used.has(slot)) ??
          (older.length > 0
            ? slots.find((slot) => slot.spare && slot.state === 'empty' && !used.has(slot))
            : undefined);
        if (!next || !(await startOne([next], deployment))) break;
        used.add(next);
        changed = true;
      }
    }
    return changed;
  }

  /** Older instances beyond the warm target, a few at a time: each is a place that a session may need a moment later. */
  async function retireOlder({ agent, slots }: AgentFacts, wanted: readonly Wanted[]): Promise<boolean> {
    const counted = slots.filter(({ spare }) => !spare);
    const older = counted
      .filter(
        ({ state, deploymentId }) => state === 'ready' && agent.fallbackDeploymentIds.includes(deploymentId ?? ''),
      )
      .sort(oldestFirst);
    const serving = wanted.map(({ deployment }) => deployment.id);
    const warm = counted.filter(({ state, deploymentId }) => state === 'ready' && serving.includes(deploymentId ?? ''));
    const target = wanted.reduce((sum, each) => sum + each.target, 0);
    const spareable = older.length + warm.length - target;
    const atOnce = Math.ceil(agent.maxAgents / 10) - slots.filter(({ state }) => state === 'retiring').length;
    let changed = false;
    for (const slot of older.slice(0, Math.max(0, Math.min(spareable, atOnce)))) {
      changed = (await store.transaction((repos) => vacate(repos, ids, slot, clock.now()))) || changed;
    }
    if (older.length > 0 || agent.fallbackDeploymentIds.length === 0) return changed;
    // None is left: nothing has to look for them any more.
    return (await store.agents.updateRollout(agent, { fallbackDeploymentIds: [] }, clock.now())) || changed;
  }

  /** Idle instances above the target, once they have been so for long. */
  async function retireCooled({ slots }: AgentFacts, wanted: readonly Wanted[]): Promise<boolean> {
    const now = clock.now();
    const cooled = new Date(now.getTime() - idleCooldownMs).toISOString();
    let changed = false;
    for (const { deployment, target } of wanted) {
      const idle = slots.filter((slot) => !slot.spare && isIdle(slot) && slot.deploymentId === deployment.id);
      const surplus = idle
        .filter((slot) => slot.state === 'ready' && slot.changedAt <= cooled)
        .slice(0, Math.max(0, idle.length - target));
      for (const slot of surplus) changed = (await store.slots.change(slot, { state: 'retiring' }, now)) || changed;
    }
    return changed;
  }

  return {
    startOne,
    swapSpare,
    /** True when something changed. */
    async keep(facts: AgentFacts): Promise<boolean> {
      const wanted = wantedOf(facts);
      if (wanted.length === 0) return false;
      const started = await startMissing(facts, wanted, replaceable(facts, wanted));
      const retired = await retireOlder(facts, wanted);
      const cooled = await retireCooled(facts, wanted);
      return started || retired || cooled;
    },
  };
}

/** The deployments that take sessions, the live one first. A canary's share of the warm target is taken out of the live one's, down to one. */
function wantedOf({ agent, desired, live, slots }: AgentFacts): Wanted[] {
  if (!live) return [];
  const busy = slots.filter(({ spare, state }) => !spare && (state === 'claimed' || state === 'settling')).length;
  const target = idleTarget(agent, busy);
  const { canaryPercent } = agent;
  if (canaryPercent === null || !desired || desired.id === live.id || desired.phase === 'Failed') {
    return [{ deployment: live, target }];
  }
  const share = Math.ceil((target * canaryPercent) / 100);
  return [
    { deployment: live, target: Math.min(target, Math.max(1, target - share)) },
    { deployment: desired, target: share },
  ];
}
