import type { RepositoryContext } from '../db/store.js';

export interface StartKey {
  organizationId: string;
  agentId: string;
  key: string;
  /** Of the request that the key came with. */
  bodyDigest: string;
  sessionId: string;
  expiresAt: string;
}

/** Idempotency keys of session starts. */
export function createStartKeyRepository({ db }: RepositoryContext) {
  return {
    async find(
      { organizationId, agentId, key }: Pick<StartKey, 'organizationId' | 'agentId' | 'key'>,
      now: Date,
    ): Promise<StartKey | undefined> {
      const row = await db
        .selectFrom('start_key')
        .selectAll()
        .where('organization_id', '=', organizationId)
        .where('agent_id', '=', agentId)
        .where('start_key', '=', key)
        .where('expires_at', '>', now.toISOString())
        .executeTakeFirst();
      return (
        row && {
          organizationId,
          agentId,
          key,
          bodyDigest: row.body_digest,
          sessionId: row.session_id,
          expiresAt: row.expires_at,
        }
      );
    },

    /** False when another start has the key; `instead` names one that is known to have failed. Call it in the claim's transaction. */
    async take(start: StartKey, instead: string | undefined, now: Date): Promise<boolean> {
      const { organizationId, agentId, key, bodyDigest, sessionId, expiresAt } = start;
      const values = { body_digest: bodyDigest, session_id: sessionId, expires_at: expiresAt };
      const row = await db
        .insertInto('start_key')
        .values({ organization_id: organizationId, agent_id: agentId, start_key: key, ...values })
        .onConflict((conflict) =>
          conflict
            .columns(['organization_id', 'agent_id', 'start_key'])
            .doUpdateSet(values)
            .where((eb) =>
              eb.or([
                eb('start_key.expires_at', '<=', now.toISOString()),
                ...(instead === undefined ? [] : [eb('start_key.session_id', '=', instead)]),
              ]),
            ),
        )
        .returning('session_id')
        .executeTakeFirst();
      return row?.session_id === sessionId;
    },

    async removeExpired(now: Date): Promise<void> {
      await db.deleteFrom('start_key').where('expires_at', '<=', now.toISOString()).execute();
    },
  };
}
