import type { Store } from '../db/store.js';
import type { Clock } from '../system.js';
import { type Demand, noDemand, rateAt, withArrival, withStart } from './demand.js';

interface DemandBookDeps {
  store: Pick<Store, 'pool' | 'transaction'>;
  clock: Clock;
}

/** A rate below this keeps nothing warm, however slow an agent starts. */
const leastRate = 0.001;

/** Demand of agents in memory, and in the database often enough that a restart goes on where it was. */
export function createDemandBook({ store, clock }: DemandBookDeps) {
  const known = new Map<string, Demand>();
  const recalled = new Set<string>();
  const unsaved = new Set<string>();
  const nowMs = () => clock.now().getTime();

  function update(agentId: string, change: (demand: Demand) => Demand): void {
    known.set(agentId, change(known.get(agentId) ?? noDemand(nowMs())));
    unsaved.add(agentId);
  }

  return {
    /** A session of the agent was asked for, whether or not there was a place for it. */
    arrived: (agentId: string): void => update(agentId, (demand) => withArrival(demand, nowMs())),
    /** An instance of the agent has become ready. */
    started: (agentId: string, startMs: number): void => update(agentId, (demand) => withStart(demand, startMs)),

    /** What is known of these agents, with what earlier processes knew of those that are new to this one. */
    async recall(agentIds: readonly string[]): Promise<void> {
      const fresh = agentIds.filter((id) => !recalled.has(id));
      if (fresh.length === 0) return;
      const stored = await store.pool.demandOf(fresh);
      for (const id of fresh) {
        recalled.add(id);
        const before = stored.get(id);
        if (!before) continue;
        const now = nowMs();
        const since = known.get(id);
        // What this process has measured already comes on top.
        known.set(id, {
          rate: rateAt(before, now) + (since ? rateAt(since, now) : 0),
          measuredAtMs: now,
          startMs: [...before.startMs, ...(since?.startMs ?? [])],
        });
      }
    },

    of: (agentId: string): Demand => known.get(agentId) ?? noDemand(nowMs()),

    /** Writes what has changed of these agents and lets go of what has faded. */
    async save(agents: Iterable<{ id: string; organizationId: string }>): Promise<void> {
      const due = [...agents].filter(({ id }) => unsaved.delete(id));
      if (due.length === 0) return;
      await store.transaction(async (repos) => {
        for (const agent of due) {
          const demand = known.get(agent.id);
          if (demand) await repos.pool.saveDemand(agent, demand);
        }
      });
    },

    /** Forgets agents that ask for nothing, in memory only. */
    forgetIdle(): void {
      for (const [id, demand] of known) {
        if (unsaved.has(id) || rateAt(demand, nowMs()) > leastRate) continue;
        known.delete(id);
        recalled.delete(id);
      }
    },
  };
}
export type DemandBook = ReturnType<typeof createDemandBook>;
