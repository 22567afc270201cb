import type { Agent } from '../agents/agent-repository.js';

/** Idle instances above the target live this long (contract §9.6). */
export const idleCooldownMs = 5 * 60 * 1000;

/** How many idle instances of the live deployment to keep, beside those that hold a session. */
export function idleTarget(agent: Pick<Agent, 'minAgents' | 'maxAgents'>, busy: number): number {
  return Math.max(0, Math.min(agent.minAgents, agent.maxAgents - busy));
}
