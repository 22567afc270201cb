import { setTimeout as sleep } from 'node:timers/promises';
import type { Agent } from '../agents/agent-repository.js';
import type { Store } from '../db/store.js';
import { AppError, notFound } from '../errors.js';

const lookEveryMs = 100;

/**
 * Starts wait while a strict deploy makes its deployment ready: they begin on it, or on the one before where it failed. All that
 * wait for one agent look together, or many would keep the database busy.
 */
export function createHeldStarts({ store }: { store: Pick<Store, 'agents'> }) {
  const looks = new Map<string, Promise<Agent>>();

  async function look(agent: Agent): Promise<Agent> {
    await sleep(lookEveryMs);
    const found = await store.agents.find(agent.organizationId, agent.name);
    if (found?.id !== agent.id) throw notFound('Agent', agent.name);
    return found;
  }

  function lookTogether(agent: Agent): Promise<Agent> {
    const known = looks.get(agent.id);
    if (known) return known;
    const looking = look(agent).finally(() => looks.delete(agent.id));
    looks.set(agent.id, looking);
    return looking;
  }

  /** The agent as it is once starts are not held; at once where they are not. 503 after `ms`; throws the signal's reason when the caller has gone. */
  return async (agent: Agent, { ms, signal }: { ms: number; signal?: AbortSignal | undefined }): Promise<Agent> => {
    const until = performance.now() + ms;
    let seen = agent;
    while (seen.startsHeld) {
      signal?.throwIfAborted();
      if (performance.now() >= until) throw stillHeld(agent.name);
      seen = await lookTogether(seen);
    }
    return seen;
  };
}

function stillHeld(name: string): AppError {
  const text = `Agent '${name}' takes no session now: it was deployed with --strict, and the new deployment is not ready yet. Try again, or roll back to go on with the one before`;
  return new AppError(503, '503', text, { headers: { 'retry-after': '10' } });
}
