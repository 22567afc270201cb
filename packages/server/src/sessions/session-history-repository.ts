import { inParts } from '../db/in-parts.js';
import type { RepositoryContext } from '../db/store.js';

/** History of deleted agents, which goes with them (contract §11.6), a bounded part at a time. */
export function createSessionHistoryRepository({ db }: RepositoryContext) {
  return {
    /** Deleted agents that still have sessions, counts or limits. */
    async deletedAgents(limit: number): Promise<string[]> {
      const rows = await db
        .selectFrom('agent')
        .select('agent.id')
        .where('deleted_at', 'is not', null)
        .where((eb) =>
          eb.or([
            eb.exists(eb.selectFrom('session').select('session.id').whereRef('session.agent_id', '=', 'agent.id')),
            eb.exists(
              eb.selectFrom('session_tally').select('count').whereRef('session_tally.agent_id', '=', 'agent.id'),
            ),
            eb.exists(
              eb.selectFrom('log_retention').select('days').whereRef('log_retention.agent_id', '=', 'agent.id'),
            ),
          ]),
        )
        .limit(limit)
        .execute();
      return rows.map(({ id }) => id);
    },

    /** Removes the oldest ended sessions of an agent with all that hangs on them. Tells how many. Call it in a transaction. */
    async removeEnded(agentId: string, limit: number): Promise<number> {
      const rows = await db
        .selectFrom('session')
        .select('id')
        .where('agent_id', '=', agentId)
        .where('state', '=', 'ended')
        .orderBy('created_at')
        .limit(limit)
        .execute();
      const ids = rows.map(({ id }) => id);
      if (ids.length === 0) return 0;
      await db.deleteFrom('session_usage').where('session_id', 'in', ids).execute();
      await db.deleteFrom('session_metrics').where('session_id', 'in', ids).execute();
      await db.deleteFrom('session_trace').where('session_id', 'in', ids).execute();
      await db.deleteFrom('session').where('id', 'in', ids).execute();
      return ids.length;
    },

    /** Those of the agents that are deleted and have no slot left, or never were. */
    async withoutLife(agentIds: readonly string[]): Promise<string[]> {
      const living = await inParts(agentIds, async (part) => {
        const rows = await db
          .selectFrom('agent')
          .select('agent.id')
          .where('agent.id', 'in', part)
          .where((eb) =>
            eb.or([
              eb('deleted_at', 'is', null),
              eb.exists(eb.selectFrom('slot').select('slot.id').whereRef('slot.agent_id', '=', 'agent.id')),
            ]),
          )
          .execute();
        return rows.map(({ id }) => id);
      });
      const known = new Set(living);
      return agentIds.filter((id) => !known.has(id));
    },

    /** What is left of an agent that has no session any more. False while it has one. Call it in a transaction. */
    async removeRest(agentId: string): Promise<boolean> {
      const open = await db
        .selectFrom('session')
        .select('id')
        .where('agent_id', '=', agentId)
        .limit(1)
        .executeTakeFirst();
      if (open) return false;
      await db.deleteFrom('session_tally').where('agent_id', '=', agentId).execute();
      await db.deleteFrom('log_retention').where('agent_id', '=', agentId).execute();
      return true;
    },
  };
}
