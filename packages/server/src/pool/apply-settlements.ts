import type { Logger } from 'pino';
import type { Repositories, Store } from '../db/store.js';
import type { Slot } from '../slots/slot-repository.js';
import type { Clock } from '../system.js';
import { backoffMs } from './crash-loop.js';
import type { Facts } from './facts.js';
import type { Settlement } from './settle.js';

/** What is to become of a slot. */
export interface SettledSlot {
  slot: Slot;
  settlement: Settlement;
  /** When its instance stopped being ready, where that was before now. */
  readyUntil: Date | undefined;
}

interface ApplyDeps {
  store: Store;
  clock: Clock;
  log: Pick<Logger, 'warn'>;
  /** A start of the deployment failed; the next should wait for so long. */
  startFailed: (deploymentId: string, waitMs: number) => void;
}

/** Writes what a pass has decided about slots, in one commit. True when another pass is due. */
export function createApplySettlements({ store, clock, log, startFailed }: ApplyDeps) {
  /** Counts a start that failed against its deployment. Returns from when on the slot may have another. */
  async function noteFailure(
    repos: Repositories,
    { agentId, instanceId }: Slot,
    deploymentId: string,
    failure: NonNullable<Settlement['failure']>,
    agent: string | undefined,
  ): Promise<string> {
    const now = clock.now();
    const failures = await repos.deployments.addStartFailure(deploymentId, failure, now);
    log.warn({ agent, agentId, instanceId, failures, error: failure }, 'instance failed to start');
    const backoff = backoffMs(failures);
    startFailed(deploymentId, backoff);
    return new Date(now.getTime() + backoff).toISOString();
  }

  return async ({ agents }: Pick<Facts, 'agents'>, settled: readonly SettledSlot[]): Promise<boolean> => {
    if (settled.length === 0) return false;
    // Agents before deployments before slots, and slots by their ids, as everyone takes them: two that wait for each other would both fail.
    const inOrder = settled.toSorted((a, b) => a.slot.id.localeCompare(b.slot.id));
    return await store.transaction(async (repos) => {
      const limits = await repos.agents.holdLimits([...new Set(settled.map(({ slot }) => slot.agentId))]);
      // Of an agent whose limit has changed since, places could come free that it has no more. The next pass knows.
      const current = inOrder.filter(({ slot }) => limits.get(slot.agentId) === agents.get(slot.agentId)?.maxAgents);
      let changed = current.length < settled.length;
      const retryAt = new Map<string, string>();
      for (const { slot, settlement } of current) {
        const { failure } = settlement;
        if (failure && slot.deploymentId)
          retryAt.set(
            slot.id,
            await noteFailure(repos, slot, slot.deploymentId, failure, agents.get(slot.agentId)?.name),
          );
      }
      for (const { slot, settlement, readyUntil } of current) {
        const empty = settlement.to === 'empty' ? { instanceId: null, deploymentId: null, workerId: null } : {};
        const notBefore = retryAt.has(slot.id) ? { notBefore: retryAt.get(slot.id) ?? null } : {};
        const to = { state: settlement.to, ...empty, ...notBefore };
        changed = (await repos.slots.change(slot, to, clock.now(), readyUntil)) || changed;
      }
      return changed;
    });
  };
}
