import type { RepositoryContext } from '../db/store.js';

export interface StoredDailySetting {
  sealedKey: string | null;
  keyHint: string | null;
  sealedDialinSecret: string | null;
  allowUnsignedDialin: boolean;
}
export interface StoredRoom {
  sessionId: string;
  organizationId: string;
  name: string;
  /** Made with the organization's own key. */
  ownKey: boolean;
  expiresAt: string;
  attempts: number;
}

export function createDailyRepository({ db }: RepositoryContext) {
  return {
    async setting(organizationId: string): Promise<StoredDailySetting | undefined> {
      const row = await db
        .selectFrom('daily_setting')
        .selectAll()
        .where('organization_id', '=', organizationId)
        .executeTakeFirst();
      return (
        row && {
          sealedKey: row.sealed_key,
          keyHint: row.key_hint,
          sealedDialinSecret: row.sealed_dialin_secret,
          allowUnsignedDialin: row.allow_unsigned_dialin === 1,
        }
      );
    },

    async putSetting(organizationId: string, setting: StoredDailySetting, now: Date): Promise<void> {
      const values = {
        sealed_key: setting.sealedKey,
        key_hint: setting.keyHint,
        sealed_dialin_secret: setting.sealedDialinSecret,
        allow_unsigned_dialin: setting.allowUnsignedDialin ? 1 : 0,
        updated_at: now.toISOString(),
      };
      await db
        .insertInto('daily_setting')
        .values({ organization_id: organizationId, ...values })
        .onConflict((conflict) => conflict.column('organization_id').doUpdateSet(values))
        .execute();
    },

    /** False when there was none. */
    async removeSetting(organizationId: string): Promise<boolean> {
      const row = await db
        .deleteFrom('daily_setting')
        .where('organization_id', '=', organizationId)
        .returning('organization_id')
        .executeTakeFirst();
      return row !== undefined;
    },

    async addRoom(room: Omit<StoredRoom, 'attempts'>, notBefore: Date): Promise<void> {
      await db
        .insertInto('daily_room')
        .values({
          session_id: room.sessionId,
          organization_id: room.organizationId,
          name: room.name,
          own_key: room.ownKey ? 1 : 0,
          expires_at: room.expiresAt,
          attempts: 0,
          not_before: notBefore.toISOString(),
        })
        .execute();
    },

    async setRoomUrl(sessionId: string, url: string): Promise<void> {
      await db.updateTable('daily_room').set({ url }).where('session_id', '=', sessionId).execute();
    },

    /** The room of a session, once it is made; undefined after its session. */
    async findRoom(
      organizationId: string,
      sessionId: string,
    ): Promise<{ name: string; url: string; expiresAt: string } | undefined> {
      const row = await db
        .selectFrom('daily_room')
        .select(['name', 'url', 'expires_at as expiresAt'])
        .where('organization_id', '=', organizationId)
        .where('session_id', '=', sessionId)
        .executeTakeFirst();
      return row?.url ? { ...row, url: row.url } : undefined;
    },

    /** Rooms of sessions that have ended, or never began, of every organization: for the sweep alone. */
    async roomsToDelete(now: Date, limit: number): Promise<StoredRoom[]> {
      const rows = await db
        .selectFrom('daily_room')
        .leftJoin('session', 'session.id', 'daily_room.session_id')
        .selectAll('daily_room')
        .where('daily_room.not_before', '<=', now.toISOString())
        .where((eb) => eb.or([eb('session.state', '=', 'ended'), eb('session.id', 'is', null)]))
        .orderBy('daily_room.not_before')
        .limit(limit)
        .execute();
      return rows.map((row) => ({
        sessionId: row.session_id,
        organizationId: row.organization_id,
        name: row.name,
        ownKey: row.own_key === 1,
        expiresAt: row.expires_at,
        attempts: row.attempts,
      }));
    },

    async postponeRoom(sessionId: string, until: Date): Promise<void> {
      await db
        .updateTable('daily_room')
        .set((eb) => ({ attempts: eb('attempts', '+', 1), not_before: until.toISOString() }))
        .where('session_id', '=', sessionId)
        .execute();
    },

    async removeRoom(sessionId: string): Promise<void> {
      await db.deleteFrom('daily_room').where('session_id', '=', sessionId).execute();
    },
  };
}
