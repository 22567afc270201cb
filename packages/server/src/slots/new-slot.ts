import type { Slot } from './slot-repository.js';

/** An empty slot of an agent. */
export function newSlot(
  id: string,
  agent: { id: string; organizationId: string },
  { spare, now }: { spare: boolean; now: Date },
): Slot {
  return {
    id,
    organizationId: agent.organizationId,
    agentId: agent.id,
    spare,
    state: 'empty',
    epoch: 0,
    deploymentId: null,
    instanceId: null,
    workerId: null,
    sessionId: null,
    changedAt: now.toISOString(),
    notBefore: null,
    served: 0,
  };
}
