import { monotonicMs } from '../system.js';
import type { WorkerScope } from './worker-repository.js';

/** For how long workers have been away. By a clock that nobody sets. */
export function createWorkerPresence() {
  let sinceMs = monotonicMs();
  /** When workers, and those of a place, were last here. */
  const lastHere = new Map<string, number>();

  return {
    left(workerId: string, scope: WorkerScope | undefined): void {
      for (const key of [workerId, placeKey(scope)]) lastHere.set(key, monotonicMs());
    },
    /** Nobody is missed before: until now this control plane took no worker, so their absence says nothing of them. */
    beginAnew(): void {
      sinceMs = monotonicMs();
    },
    awayMs: (workerId: string): number => monotonicMs() - Math.max(sinceMs, lastHere.get(workerId) ?? 0),
    placeAwayMs: (scope: WorkerScope | undefined): number =>
      monotonicMs() - Math.max(sinceMs, lastHere.get(placeKey(scope)) ?? 0),
    nobodyMs: (): number => monotonicMs() - Math.max(sinceMs, ...lastHere.values()),
  };
}
export type WorkerPresence = ReturnType<typeof createWorkerPresence>;

const placeKey = (scope: WorkerScope | undefined) => (scope ? `${scope.organizationId} ${scope.region}` : '');
