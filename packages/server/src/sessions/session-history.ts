import { setImmediate as breath } from 'node:timers/promises';
import type { Store } from '../db/store.js';
import { isUuid } from '../uuid.js';

/** Rows of one transaction: few enough that a start which waits for it doesn't notice. */
const rowsAtOnce = 200;
const agentsAtOnce = 100;

interface HistoryDeps {
  store: Store;
  /** Whose lines are kept somewhere. */
  logAgents: () => Promise<string[]>;
  removeLogs: (agentId: string) => Promise<void>;
}

/** Removes what deleted agents have left behind: their sessions with metrics and traces, and their logs (contract §11.6). */
export function createSessionHistory({ store, logAgents, removeLogs }: HistoryDeps) {
  async function removeOf(agentId: string, signal: AbortSignal): Promise<void> {
    let removed = rowsAtOnce;
    while (removed === rowsAtOnce && !signal.aborted) {
      removed = await store.transaction((repos) => repos.sessionHistory.removeEnded(agentId, rowsAtOnce));
      // SQLite answers without a pause; others are to have their turn.
      await breath();
    }
    if (!signal.aborted) await store.transaction((repos) => repos.sessionHistory.removeRest(agentId));
  }

  return {
    /** Sessions that still run are left, and removed by a later call. */
    async removeDeleted(signal: AbortSignal): Promise<void> {
      for (const agentId of await store.sessionHistory.deletedAgents(agentsAtOnce)) {
        if (!signal.aborted) await removeOf(agentId, signal);
      }
    },
    /** A log whose agent is deleted and has nothing left that could write: the removal was cut short, or lines came late. */
    async removeStrayLogs(): Promise<void> {
      const ids = (await logAgents()).filter(isUuid);
      for (const id of await store.sessionHistory.withoutLife(ids)) await removeLogs(id);
    },
  };
}
