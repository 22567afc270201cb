import type { ObservedInstance } from '@pipecat-cloud/contract/worker';
import type { Slot } from '../slots/slot-repository.js';

export type Action = { workerId: string; instanceId: string } & ({ do: 'ensure'; slot: Slot } | { do: 'remove' });

export interface PlanInput {
  slots: readonly Slot[];
  observed: ReadonlyMap<string, ReadonlyMap<string, ObservedInstance>>;
  /** Sessions that no instance has accepted yet. */
  starting: ReadonlySet<string>;
  /** Agents that were not deleted: of the others no spec can be made. */
  living: ReadonlySet<string>;
  /** Whether the worker's present connection has carried the instance's spec. */
  wasEnsured: (workerId: string, instanceId: string) => boolean;
}

/** Commands that make the workers match the slots. Pure; safe to repeat, and to lose halfway. */
export function plan({ slots, observed, starting, living, wasEnsured }: PlanInput): Action[] {
  const kept = new Set<string>();
  const actions: Action[] = [];
  for (const slot of slots) {
    const { instanceId, workerId } = slot;
    if (!instanceId || slot.state === 'empty') continue;
    const isLiving = living.has(slot.agentId);
    // A worker that came back holds an instance's last lines until it knows the secrets in them, so that comes before removal.
    const toRemove = slot.state === 'retiring' && (!workerId || !isLiving || wasEnsured(workerId, instanceId));
    if (!toRemove) kept.add(instanceId);
    const instances = workerId ? observed.get(workerId) : undefined;
    if (toRemove || !isLiving || !workerId || !instances) continue;
    const toMake = slot.state === 'starting' || (slot.sessionId !== null && starting.has(slot.sessionId));
    // One that runs is ensured once a connection: after a restart its worker has forgotten the secrets that it must hide in logs.
    const needed = instances.has(instanceId) ? !wasEnsured(workerId, instanceId) : toMake;
    if (needed) actions.push({ do: 'ensure', workerId, instanceId, slot });
  }
  for (const [workerId, instances] of observed) {
    for (const instanceId of instances.keys())
      if (!kept.has(instanceId)) actions.push({ do: 'remove', workerId, instanceId });
  }
  return actions;
}
