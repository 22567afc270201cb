import type { Agent } from '../agents/agent-repository.js';
import type { Store } from '../db/store.js';
import type { Deployment } from '../deployments/deployment-repository.js';
import type { Session } from '../sessions/session-repository.js';
import type { Slot } from '../slots/slot-repository.js';
import type { Clock } from '../system.js';

/** What a pass decides by. By id where it is looked up: a search for each of thousands of slots would take seconds. */
export interface Facts {
  agents: ReadonlyMap<string, Agent>;
  deployments: ReadonlyMap<string, Deployment>;
  slots: readonly Slot[];
  slotsOf: ReadonlyMap<string, readonly Slot[]>;
  sessions: readonly Session[];
}

const fullLookMs = 10 * 60 * 1000;

/**
 * Reads what the next pass decides by. Agents at rest are left out, or thousands of them would keep every pass busy; at the first
 * pass and now and then all are looked at, in case one is not at rest after all.
 */
export function createFacts({ store, clock }: { store: Store; clock: Clock }): () => Promise<Facts> {
  let nextFullLook = 0;

  return async () => {
    const now = clock.now().getTime();
    const all = now >= nextFullLook;
    if (all) nextFullLook = now + fullLookMs;
    const slots = all ? await store.slots.listAll() : await store.slots.listUnsettled();
    const slotsOf = Map.groupBy(slots, ({ agentId }) => agentId);
    // After their slots: one that is not found now was deleted, and not made in between.
    const agents = await store.agents.listLiving([...slotsOf.keys()]);
    const wanted = new Set(agents.flatMap((agent) => [agent.desiredDeploymentId, agent.liveDeploymentId]));
    const deployments = await store.deployments.listAny([...wanted].filter((id) => id !== null));
    return {
      agents: new Map(agents.map((agent) => [agent.id, agent])),
      deployments: new Map(deployments.map((deployment) => [deployment.id, deployment])),
      slots,
      slotsOf,
      sessions: await store.sessions.listOpen(),
    };
  };
}
