import type { RepositoryContext } from '../db/store.js';

export interface WhatsappCall {
  organizationId: string;
  agentId: string;
  callId: string;
  sessionId: string;
}

/** Which session a call belongs to, while it lasts. */
export function createWhatsappRepository({ db }: RepositoryContext) {
  return {
    /** False where the call has a session already: of two that race, one begins. */
    async insert({ organizationId, agentId, callId, sessionId }: WhatsappCall, now: Date): Promise<boolean> {
      const result = await db
        .insertInto('whatsapp_call')
        .values({
          organization_id: organizationId,
          agent_id: agentId,
          call_id: callId,
          session_id: sessionId,
          created_at: now.toISOString(),
        })
        .onConflict((conflict) => conflict.doNothing())
        .executeTakeFirst();
      return Number(result.numInsertedOrUpdatedRows ?? 0) === 1;
    },

    async find(organizationId: string, agentId: string, callId: string): Promise<string | undefined> {
      const row = await db
        .selectFrom('whatsapp_call')
        .select('session_id')
        .where('organization_id', '=', organizationId)
        .where('agent_id', '=', agentId)
        .where('call_id', '=', callId)
        .executeTakeFirst();
      return row?.session_id;
    },

    async remove(organizationId: string, agentId: string, callId: string): Promise<void> {
      await db
        .deleteFrom('whatsapp_call')
        .where('organization_id', '=', organizationId)
        .where('agent_id', '=', agentId)
        .where('call_id', '=', callId)
        .execute();
    },

    /** Calls whose end nobody told. */
    async removeOlder(than: Date): Promise<void> {
      await db.deleteFrom('whatsapp_call').where('created_at', '<', than.toISOString()).execute();
    },
  };
}
