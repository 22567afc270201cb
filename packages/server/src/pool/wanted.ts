import type { Agent } from '../agents/agent-repository.js';
import type { Deployment } from '../deployments/deployment-repository.js';
import type { Slot } from '../slots/slot-repository.js';

/** A deployment that takes sessions, and how many idle instances of it there should be. */
export interface Wanted {
  deployment: Deployment;
  target: number;
}
export interface WantedFacts {
  agent: Agent;
  desired: Deployment | undefined;
  live: Deployment | undefined;
}

/** The desired deployment while it takes a share of the new sessions. */
function canaryOf(agent: Agent): string | null {
  return agent.canaryPercent !== null && agent.desiredDeploymentId !== agent.liveDeploymentId
    ? agent.desiredDeploymentId
    : null;
}

/** Whether the slot's instance is idle, or about to be, and may take a session: also one of an older deployment may. */
export function isIdle({ deploymentId, state }: Slot, agent: Agent): boolean {
  if (deploymentId === null || (state !== 'ready' && state !== 'starting')) return false;
  if (deploymentId === agent.liveDeploymentId || deploymentId === canaryOf(agent)) return true;
  return state === 'ready' && agent.fallbackDeploymentIds.includes(deploymentId);
}

/** The deployments that instances are made of, the live one first. A canary's share of the target comes out of the live one's, down to one. */
export function wantedOf({ agent, desired, live }: WantedFacts, target: number): Wanted[] {
  if (!live) return [];
  const { canaryPercent } = agent;
  if (canaryPercent === null || !desired || canaryOf(agent) !== desired.id || desired.phase === 'Failed') {
    return [{ deployment: live, target }];
  }
  const share = Math.ceil((target * canaryPercent) / 100);
  return [
    { deployment: live, target: Math.min(target, Math.max(1, target - share)) },
    { deployment: desired, target: share },
  ];
}
