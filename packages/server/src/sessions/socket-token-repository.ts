import type { RepositoryContext } from '../db/store.js';

export interface SocketTokenRow {
  nonce: string;
  organizationId: string;
  agentId: string;
  sessionId: string;
  expiresAt: string;
}

export function createSocketTokenRepository({ db }: RepositoryContext) {
  return {
    async insert(token: SocketTokenRow): Promise<void> {
      await db
        .insertInto('socket_token')
        .values({
          nonce: token.nonce,
          organization_id: token.organizationId,
          agent_id: token.agentId,
          session_id: token.sessionId,
          expires_at: token.expiresAt,
        })
        .execute();
    },

    /** The session id it was made for, for the first caller in time; undefined for every other. */
    async use(agentId: string, nonce: string, now: Date): Promise<string | undefined> {
      const row = await db
        .updateTable('socket_token')
        .set({ used_at: now.toISOString() })
        .where('nonce', '=', nonce)
        .where('agent_id', '=', agentId)
        .where('used_at', 'is', null)
        .where('expires_at', '>', now.toISOString())
        .returning('session_id')
        .executeTakeFirst();
      return row?.session_id;
    },

    async giveBack(agentId: string, sessionId: string): Promise<void> {
      await db
        .updateTable('socket_token')
        .set({ used_at: null })
        .where('session_id', '=', sessionId)
        .where('agent_id', '=', agentId)
        .execute();
    },

    async removeExpired(before: Date): Promise<void> {
      await db.deleteFrom('socket_token').where('expires_at', '<', before.toISOString()).execute();
    },
  };
}
