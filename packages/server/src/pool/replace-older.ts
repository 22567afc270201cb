import { vacate } from '../agents/agent-slots.js';
import type { Store } from '../db/store.js';
import { changePlaces } from '../deployments/takeover.js';
import type { Slot } from '../slots/slot-repository.js';
import type { Clock, Ids } from '../system.js';
import { mayNotStart } from './keep-warm.js';
import type { AgentFacts } from './rollout.js';
import { type Wanted, wantedOf } from './wanted.js';

const oldestFirst = (a: Slot, b: Slot) => a.changedAt.localeCompare(b.changedAt);

/** Puts instances of the deployments that take sessions in the place of older ones: one after the other, never a busy one. */
export function createReplaceOlder({ store, clock, ids }: { store: Store; clock: Clock; ids: Ids }) {
  /** Those that may still take a session although their deployment does not, oldest first. */
  function olderOf({ agent, slots }: AgentFacts): Slot[] {
    return slots
      .filter(({ spare, state, deploymentId }) => {
        return !spare && state === 'ready' && agent.fallbackDeploymentIds.includes(deploymentId ?? '');
      })
      .sort(oldestFirst);
  }

  /** Idle instances that are to be replaced: older ones, and those of the live deployment that give way to a canary. */
  function replaceable(facts: AgentFacts, [live, canary]: readonly Wanted[]): Slot[] {
    const older = olderOf(facts);
    if (!live || !canary) return older;
    const own = facts.slots
      .filter(({ spare, state, deploymentId }) => !spare && state === 'ready' && deploymentId === live.deployment.id)
      .sort(oldestFirst);
    return [...older, ...own.slice(0, Math.max(0, own.length - live.target))];
  }

  /** A warm instance on a spare place gets one that counts, or it could take no session itself. */
  async function giveCountedPlace(facts: AgentFacts, wanted: readonly Wanted[]): Promise<boolean> {
    const { slots } = facts;
    const serving = wanted.map(({ deployment }) => deployment.id);
    const warm = slots.find(
      ({ spare, state, deploymentId }) =>
        spare && (state === 'ready' || state === 'starting') && serving.includes(deploymentId ?? ''),
    );
    if (!warm) return false;
    const free = (state: Slot['state']) => slots.find((slot) => !slot.spare && slot.state === state);
    // One that may still take a session leaves only for one that is ready to.
    const place =
      free('empty') ?? free('retiring') ?? (warm.state === 'ready' ? replaceable(facts, wanted)[0] : undefined);
    if (!place) return false;
    return await store.transaction((repos) => changePlaces(repos, warm, place, clock.now()));
  }

  /** Where others fill all places, the next instance starts on a spare one. */
  async function startBeside(facts: AgentFacts, wanted: readonly Wanted[]): Promise<boolean> {
    const { slots } = facts;
    const now = clock.now();
    const isUnder = ({ deployment, target }: Wanted) =>
      slots.filter(({ state, deploymentId }) => {
        return (state === 'ready' || state === 'starting') && deploymentId === deployment.id;
      }).length < target;
    const lacking = wanted.find(isUnder);
    if (!lacking || slots.some(({ spare, state }) => !spare && state === 'empty')) return false;
    if (replaceable(facts, wanted).length === 0) return false;
    const free = slots.find((slot) => slot.spare && slot.state === 'empty' && !mayNotStart(slot, now));
    if (!free) return false;
    const to = { state: 'starting', deploymentId: lacking.deployment.id, instanceId: ids.id() } as const;
    return await store.slots.change(free, to, now);
  }

  /** Older instances beyond the warm target, a few at a time: each is a place that a session may need a moment later. */
  async function retireOlder(facts: AgentFacts, wanted: readonly Wanted[]): Promise<boolean> {
    const { agent, slots } = facts;
    const older = olderOf(facts);
    const serving = wanted.map(({ deployment }) => deployment.id);
    const warm = slots.filter(
      ({ spare, state, deploymentId }) => !spare && state === 'ready' && serving.includes(deploymentId ?? ''),
    );
    const target = wanted.reduce((sum, each) => sum + each.target, 0);
    const beyond = older.length + warm.length - target;
    const atOnce = Math.ceil(agent.maxAgents / 10) - slots.filter(({ state }) => state === 'retiring').length;
    let changed = false;
    for (const slot of older.slice(0, Math.max(0, Math.min(beyond, atOnce)))) {
      changed = (await store.transaction((repos) => vacate(repos, ids, slot, clock.now()))) || changed;
    }
    if (older.length > 0 || agent.fallbackDeploymentIds.length === 0) return changed;
    // None is left: nothing has to look for them any more.
    return (await store.agents.updateRollout(agent, { fallbackDeploymentIds: [] }, clock.now())) || changed;
  }

  /** True when something changed. */
  return async (facts: AgentFacts): Promise<boolean> => {
    const wanted = wantedOf(facts, facts.target);
    if (wanted.length === 0) return false;
    if (await giveCountedPlace(facts, wanted)) return true;
    const started = await startBeside(facts, wanted);
    const retired = await retireOlder(facts, wanted);
    return started || retired;
  };
}
