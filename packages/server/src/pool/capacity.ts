import type { Capacity } from '@pipecat-cloud/contract/pool';
import type { Store } from '../db/store.js';
import { notFound } from '../errors.js';
import { presentReuse } from '../sessions/reuse.js';
import type { SlotState } from '../slots/slot-repository.js';
import type { Clock } from '../system.js';
import type { DemandBook } from './demand-book.js';
import { decideTarget } from './keep-warm.js';

interface CapacityDeps {
  store: Store;
  clock: Clock;
  demand: DemandBook;
  waiting: (agentId: string) => number;
}

const shownDecisions = 100;

/** What is warm of an agent and why so many, for people. Reads only. */
export function createCapacity({ store, clock, demand, waiting }: CapacityDeps) {
  return async (organizationId: string, name: string): Promise<Capacity> => {
    const agent = await store.agents.find(organizationId, name);
    if (!agent) throw notFound('Agent', name);
    const [slots, decisions] = await Promise.all([
      store.slots.listOfAgent(organizationId, agent.id),
      store.pool.decisions(organizationId, agent.id, shownDecisions),
      demand.recall([agent.id]),
    ]);
    const count = (...states: SlotState[]) => slots.filter(({ state }) => states.includes(state)).length;
    const live = agent.liveDeploymentId;
    return {
      maxAgents: agent.maxAgents,
      free: slots.filter(({ state, spare }) => state === 'empty' && !spare).length,
      starting: count('starting'),
      idle: count('ready'),
      active: count('claimed'),
      settling: count('settling'),
      quarantined: count('quarantined'),
      leaving: count('retiring'),
      waiting: waiting(agent.id),
      reuse: presentReuse(agent),
      now: live === null ? null : decideTarget(agent, slots, demand.of(agent.id), clock.now()),
      decisions,
    };
  };
}
