import type { WorkerScope } from './worker-repository.js';

/** For how long workers have been away, while this process was there to see it. */
export function createWorkerPresence(runningMs: () => number) {
  let sinceMs = runningMs();
  /** When workers, and those of a place, were last here. */
  const lastHere = new Map<string, number>();

  return {
    left(workerId: string, scope: WorkerScope | undefined): void {
      for (const key of [workerId, placeKey(scope)]) lastHere.set(key, runningMs());
    },
    /** Nobody is missed before: until now this control plane took no worker, so their absence says nothing of them. */
    beginAnew(): void {
      sinceMs = runningMs();
    },
    awayMs: (workerId: string): number => runningMs() - Math.max(sinceMs, lastHere.get(workerId) ?? 0),
    placeAwayMs: (scope: WorkerScope | undefined): number =>
      runningMs() - Math.max(sinceMs, lastHere.get(placeKey(scope)) ?? 0),
    nobodyMs: (): number => runningMs() - Math.max(sinceMs, ...lastHere.values()),
  };
}
export type WorkerPresence = ReturnType<typeof createWorkerPresence>;

const placeKey = (scope: WorkerScope | undefined) => (scope ? `${scope.organizationId} ${scope.region}` : '');
