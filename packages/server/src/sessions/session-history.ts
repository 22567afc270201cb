import { setImmediate as breath } from 'node:timers/promises';
import type { Store } from '../db/store.js';
import type { Clock } from '../system.js';
import { isUuid } from '../uuid.js';

/** Rows of one transaction: few enough that a start which waits for it doesn't notice. */
const rowsAtOnce = 200;
const agentsAtOnce = 100;
const dayMs = 24 * 60 * 60 * 1000;

interface HistoryDeps {
  store: Store;
  clock: Clock;
  /** How long a session is kept after its end; 0 for ever. */
  days: number;
  /** Whose lines are kept somewhere. */
  logAgents: () => Promise<string[]>;
  removeLogs: (agentId: string) => Promise<void>;
}

/**
 * Removes sessions, with metrics and traces, that ended long ago or whose agent is deleted, and the logs of deleted agents (contract
 * §11.6). Logs of others have limits of their own; what was used on a day is kept by day, and stays.
 */
export function createSessionHistory({ store, clock, days, logAgents, removeLogs }: HistoryDeps) {
  async function removeEnded(agentId: string, signal: AbortSignal, before?: Date): Promise<void> {
    let removed = rowsAtOnce;
    while (removed === rowsAtOnce && !signal.aborted) {
      const ids = await store.sessionHistory.ended(agentId, rowsAtOnce, before);
      if (ids.length > 0) await store.transaction((repos) => repos.sessionHistory.remove(ids));
      removed = ids.length;
      // SQLite answers without a pause; others are to have their turn.
      await breath();
    }
  }

  async function removeOf(agentId: string, signal: AbortSignal): Promise<void> {
    await removeEnded(agentId, signal);
    if (!signal.aborted) await store.transaction((repos) => repos.sessionHistory.removeRest(agentId));
  }

  return {
    /** Sessions that still run are left, and removed by a later call. */
    async removeDeleted(signal: AbortSignal): Promise<void> {
      for (const agentId of await store.sessionHistory.deletedAgents(agentsAtOnce)) {
        if (!signal.aborted) await removeOf(agentId, signal);
      }
    },
    /** Sessions that ended more than `days` ago. */
    async removeOld(signal: AbortSignal): Promise<void> {
      if (days === 0) return;
      const before = new Date(clock.now().getTime() - days * dayMs);
      let last: string | undefined = '';
      while (last !== undefined && !signal.aborted) {
        const agents = await store.sessionHistory.oldest(last, agentsAtOnce);
        for (const { agentId, createdAt } of agents) {
          if (createdAt !== null && createdAt < before.toISOString()) await removeEnded(agentId, signal, before);
        }
        last = agents.at(-1)?.agentId;
        await breath();
      }
    },
    /** A log whose agent is deleted and has nothing left that could write: the removal was cut short, or lines came late. */
    async removeStrayLogs(): Promise<void> {
      const ids = (await logAgents()).filter(isUuid);
      for (const id of await store.sessionHistory.withoutLife(ids)) await removeLogs(id);
    },
  };
}
