import { inParts } from '../db/in-parts.js';
import type { RepositoryContext } from '../db/store.js';
import { takeFromTally } from './session-tally.js';

/** Sessions that have ended and go, with their agent (contract §11.6) or because they are old, a bounded part at a time. */
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

    /** The next agents after that one, by id, and when the oldest session was made that each still has. */
    async oldest(after: string, limit: number): Promise<{ agentId: string; createdAt: string | null }[]> {
      const rows = await db
        .selectFrom('agent')
        .select('agent.id')
        // One look into an index for each agent, however many sessions there are.
        .select((eb) =>
          eb
            .selectFrom('session')
            .select('session.created_at')
            .whereRef('session.agent_id', '=', 'agent.id')
            .orderBy('session.created_at')
            .limit(1)
            .as('created_at'),
        )
        .where('agent.id', '>', after)
        .orderBy('agent.id')
        .limit(limit)
        .execute();
      return rows.map(({ id, created_at }) => ({ agentId: id, createdAt: created_at }));
    },

    /** Ids of the oldest sessions of an agent that have ended, before that time where one is given. */
    async ended(agentId: string, limit: number, before?: Date): Promise<string[]> {
      let query = db
        .selectFrom('session')
        .select('id')
        .where('agent_id', '=', agentId)
        .where('state', '=', 'ended')
        .orderBy('created_at')
        .limit(limit);
      if (before) {
        const at = before.toISOString();
        // The index is by their beginning: it ends the walk where none can have ended before.
        query = query.where('created_at', '<', at).where('ended_at', '<', at);
      }
      return (await query.execute()).map(({ id }) => id);
    },

    /** Removes ended sessions with all that hangs on them, and from the counts. Call it in a transaction. */
    async remove(ids: readonly string[]): Promise<void> {
      await db.deleteFrom('session_usage').where('session_id', 'in', ids).execute();
      await db.deleteFrom('session_metrics').where('session_id', 'in', ids).execute();
      await db.deleteFrom('session_trace').where('session_id', 'in', ids).execute();
      const removed = await db
        .deleteFrom('session')
        .where('id', 'in', ids)
        .returning(['agent_id', 'deployment_id', 'end_reason', 'cold_start'])
        .execute();
      await takeFromTally(db, removed);
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
