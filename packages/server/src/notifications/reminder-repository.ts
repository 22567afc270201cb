import type { RepositoryContext } from '../db/store.js';

export interface ReminderRow {
  tokenId: string;
  thresholdDays: number;
  /** False where the threshold was looked at and does not count for this token. */
  sent: boolean;
}

/** A place in the order by end and id. */
export interface ExpiryCursor {
  expiresAt: string;
  id: string;
}

export function createReminderRepository({ db }: RepositoryContext) {
  return {
    /** One page of tokens by their end, whatever their state: small reads, so that a million tokens hold nobody up. */
    async page(after: ExpiryCursor, until: Date, limit: number): Promise<ExpiryCursor[]> {
      return await db
        .selectFrom('token')
        .select(['id', 'expires_at as expiresAt'])
        .where('expires_at', '>=', after.expiresAt)
        .where('expires_at', '<=', until.toISOString())
        .where(({ eb, or }) => or([eb('expires_at', '>', after.expiresAt), eb('id', '>', after.id)]))
        .orderBy('expires_at')
        .orderBy('id')
        .limit(limit)
        .$narrowType<{ expiresAt: string }>()
        .execute();
    },

    /**
     * Those of them that are in use, end by themselves, and for which nothing was decided at this threshold. What is pending, replaced,
     * revoked, or belongs to a disabled service account ends or rests without a reminder.
     */
    async undecided(thresholdDays: number, ids: readonly string[]): Promise<string[]> {
      if (ids.length === 0) return [];
      const rows = await db
        .selectFrom('token')
        .leftJoin('service_account', 'service_account.id', 'token.service_account_id')
        .select('token.id')
        .where('token.id', 'in', ids)
        .where('token.activated_at', 'is not', null)
        .where('token.revoked_at', 'is', null)
        // Set by a rotation, its own or its parent's: somebody has renewed it already.
        .where('token.ends_at', 'is', null)
        .where('service_account.disabled_at', 'is', null)
        .where('service_account.deleted_at', 'is', null)
        .where(({ not, exists, selectFrom }) =>
          not(
            exists(
              selectFrom('token as successor')
                .select('successor.id')
                .whereRef('successor.predecessor_id', '=', 'token.id'),
            ),
          ),
        )
        .where(({ not, exists, selectFrom }) =>
          not(
            exists(
              selectFrom('token_reminder')
                .select('token_reminder.token_id')
                .whereRef('token_reminder.token_id', '=', 'token.id')
                .where('token_reminder.threshold_days', '=', thresholdDays),
            ),
          ),
        )
        .execute();
      return rows.map(({ id }) => id);
    },

    /** False when this threshold of the token was decided before, here or by another control plane. */
    async decide({ tokenId, thresholdDays, sent }: ReminderRow, now: Date): Promise<boolean> {
      const row = await db
        .insertInto('token_reminder')
        .values({
          token_id: tokenId,
          threshold_days: thresholdDays,
          sent: sent ? 1 : 0,
          decided_at: now.toISOString(),
        })
        .onConflict((conflict) => conflict.columns(['token_id', 'threshold_days']).doNothing())
        .returning('token_id')
        .executeTakeFirst();
      return row !== undefined;
    },
  };
}
