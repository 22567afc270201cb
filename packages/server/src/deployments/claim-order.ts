import { createHash } from 'node:crypto';
import type { Agent } from '../agents/agent-repository.js';
import type { ClaimChoice } from '../slots/free-slot.js';

type Serving = Pick<Agent, 'desiredDeploymentId' | 'fallbackDeploymentIds' | 'canaryPercent'> & {
  liveDeploymentId: string;
};

/**
 * Whether a session goes to the canary: decided by its id alone, so that it needs no counter that all starts would write to, and
 * the same session is always answered the same.
 */
export function isDrawn(sessionId: string, percent: number): boolean {
  return createHash('sha256').update(sessionId).digest().readUInt32BE(0) % 100 < percent;
}

/**
 * What a new session may be given, best first. The live deployment before those that it replaced; of these only instances that
 * are ready, because none is made any more. A session that was drawn for the canary waits for a new instance of it rather than
 * take a ready one of another; any goes to the other side rather than be refused.
 */
export function claimOrder(agent: Serving, sessionId: string): ClaimChoice[] {
  const main = (deploymentId: string): ClaimChoice[] => [
    { state: 'ready', deploymentId },
    ...agent.fallbackDeploymentIds.map((older): ClaimChoice => ({ state: 'ready', deploymentId: older })),
    { state: 'starting', deploymentId },
  ];
  const live = main(agent.liveDeploymentId);
  const empty = (deploymentId: string): ClaimChoice => ({ state: 'empty', deploymentId });
  const { canaryPercent, desiredDeploymentId } = agent;
  if (canaryPercent === null || desiredDeploymentId === null || desiredDeploymentId === agent.liveDeploymentId) {
    return [...live, empty(agent.liveDeploymentId)];
  }
  const canary: ClaimChoice[] = [
    { state: 'ready', deploymentId: desiredDeploymentId },
    { state: 'starting', deploymentId: desiredDeploymentId },
  ];
  return isDrawn(sessionId, canaryPercent)
    ? [...canary, empty(desiredDeploymentId), ...live]
    : [...live, empty(agent.liveDeploymentId), ...canary];
}
