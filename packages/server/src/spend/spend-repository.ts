import { sql } from 'kysely';
import { prepared } from '../db/prepared.js';
import type { RepositoryContext } from '../db/store.js';

export interface StoredSpendLimit {
  limitCents: number;
  blockedAt: string | null;
}

const limitOf = prepared((db, { organizationId }: { organizationId: string }) =>
  db.selectFrom('spend_limit').select(['limit_cents', 'blocked_at']).where('organization_id', '=', organizationId),
);

export function createSpendRepository({ db }: RepositoryContext) {
  return {
    async limit(organizationId: string): Promise<StoredSpendLimit | undefined> {
      const [row] = (await limitOf(db, { organizationId })).rows;
      // PostgreSQL hands a bigint out as text.
      return row && { limitCents: Number(row.limit_cents), blockedAt: row.blocked_at };
    },

    async setLimit(organizationId: string, limit: StoredSpendLimit, now: Date): Promise<void> {
      const values = { limit_cents: limit.limitCents, blocked_at: limit.blockedAt, updated_at: now.toISOString() };
      await db
        .insertInto('spend_limit')
        .values({ organization_id: organizationId, ...values })
        .onConflict((conflict) => conflict.column('organization_id').doUpdateSet(values))
        .execute();
    },

    async removeLimit(organizationId: string): Promise<void> {
      await db.deleteFrom('spend_limit').where('organization_id', '=', organizationId).execute();
    },

    /** Only from what was read: of two that notice at once, the first one's time stands. */
    async setBlockedAt(organizationId: string, from: string | null, to: string | null): Promise<void> {
      await db
        .updateTable('spend_limit')
        .set({ blocked_at: to })
        .where('organization_id', '=', organizationId)
        .where((eb) => (from === null ? eb('blocked_at', 'is', null) : eb('blocked_at', '=', from)))
        .execute();
    },

    async add(organizationId: string, period: string, microcents: number): Promise<void> {
      await db
        .insertInto('spend')
        .values({ organization_id: organizationId, period, microcents })
        .onConflict((conflict) =>
          conflict
            .columns(['organization_id', 'period'])
            .doUpdateSet({ microcents: sql`spend.microcents + excluded.microcents` }),
        )
        .execute();
    },

    async microcents(organizationId: string, period: string): Promise<number> {
      const row = await db
        .selectFrom('spend')
        .select('microcents')
        .where('organization_id', '=', organizationId)
        .where('period', '=', period)
        .executeTakeFirst();
      return Number(row?.microcents ?? 0);
    },

    /** Since when the sessions that run now have had their agent. */
    async runningSince(organizationId: string): Promise<Date[]> {
      const rows = await db
        .selectFrom('session')
        .select('activated_at')
        .where('organization_id', '=', organizationId)
        .where('state', '=', 'active')
        .execute();
      return rows.flatMap((row) => (row.activated_at === null ? [] : [new Date(row.activated_at)]));
    },
  };
}
