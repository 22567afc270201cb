import type { ObservedInstance } from '@pipecat-cloud/contract/worker';
import type { Connection } from './worker-connection.js';
import type { WorkerPresence } from './worker-presence.js';
import type { WorkerScope } from './worker-repository.js';

export interface Place {
  /** Absent: the installation's own region. */
  scope?: WorkerScope | undefined;
  /** Absent: any. */
  architecture?: string | null | undefined;
}

/** Which workers are here, what they run, and for how long the others have been away. */
export function createWorkerDirectory(connections: ReadonlyMap<string, Connection>, presence: WorkerPresence) {
  return {
    /** Workers that have said what they run, by id. */
    observed(): ReadonlyMap<string, ReadonlyMap<string, ObservedInstance>> {
      const known = [...connections.values()].flatMap(({ workerId, instances }) =>
        instances ? [[workerId, instances] as const] : [],
      );
      return new Map(known);
    },

    /**
     * Where an instance runs now, among the workers that are connected. What a worker of another organization's region says of an
     * instance does not count.
     */
    locate(organizationId: string, instanceId: string): { workerId: string; instance: ObservedInstance } | undefined {
      for (const { workerId, scope, instances } of connections.values()) {
        if (scope && scope.organizationId !== organizationId) continue;
        const instance = instances?.get(instanceId);
        if (instance) return { workerId, instance };
      }
      return undefined;
    },

    wasEnsured: (workerId: string, instanceId: string) => connections.get(workerId)?.ensured.has(instanceId) ?? false,
    /** Whether that worker has said that the session has ended, and nobody could record it so far. */
    isEnding: (workerId: string, sessionId: string) => connections.get(workerId)?.reports.isEnding(sessionId) ?? false,
    dataUrl: (workerId: string) => connections.get(workerId)?.dataUrl,
    drivers: () => [...connections.values()].map(({ workerId, driver }) => ({ workerId, driver })),
    /** What each connected worker has said of itself and its machine. */
    about: () =>
      [...connections.values()].map(({ workerId, scope, driver, architecture, instances, status }) => ({
        ...{ workerId, scope, driver, architecture, status },
        instances: [...(instances?.values() ?? [])],
      })),

    /** For how long a worker has been away, 0 while it is here. Of one that was never here: since this process could have had it. */
    awayMs: (workerId: string): number => (connections.get(workerId)?.instances ? 0 : presence.awayMs(workerId)),

    /** For how long no worker has been here that may run there, 0 while there is one. */
    placeAwayMs(place: Place): number {
      return this.pick(place) === undefined ? presence.placeAwayMs(place.scope) : 0;
    },

    /** For how long no worker at all has been here. */
    nobodyMs: presence.nobodyMs,

    /** Ids of the workers that are here. */
    here: (): string[] =>
      [...connections.values()].filter(({ instances }) => instances).map(({ workerId }) => workerId),

    /** The connected worker with the fewest instances, of those that may run there. */
    pick({ scope, architecture }: Place = {}): string | undefined {
      const ready = [...connections.values()].filter(
        (connection) =>
          connection.instances &&
          connection.scope?.organizationId === scope?.organizationId &&
          connection.scope?.region === scope?.region &&
          // One that does not say what it is may be anything.
          (!architecture || !connection.architecture || connection.architecture === architecture),
      );
      return ready.sort((a, b) => (a.instances?.size ?? 0) - (b.instances?.size ?? 0))[0]?.workerId;
    },

    /** And has said what it runs: before that it is given nothing. */
    isConnected: (workerId: string) => connections.get(workerId)?.instances !== undefined,
    /** Workers that serve one organization only. */
    scoped: () => [...connections.values()].filter(({ scope }) => scope).map(({ workerId }) => workerId),

    scopes: () => [...connections.values()].flatMap(({ scope }) => scope ?? []),
  };
}
