import type { RepositoryContext } from '../db/store.js';

export interface StoredPassword {
  hash: string;
  /** It proves no more than the mailbox by which it was set anew. */
  byEmail: boolean;
}

export function createPasswordRepository({ db }: RepositoryContext) {
  return {
    async find(userId: string): Promise<StoredPassword | undefined> {
      const row = await db
        .selectFrom('password')
        .select(['hash', 'by_email'])
        .where('user_id', '=', userId)
        .executeTakeFirst();
      return row && { hash: row.hash, byEmail: row.by_email === 1 };
    },

    async put(userId: string, { hash, byEmail }: StoredPassword, now: Date): Promise<void> {
      const values = { hash, by_email: byEmail ? 1 : 0, updated_at: now.toISOString() };
      await db
        .insertInto('password')
        .values({ user_id: userId, ...values })
        .onConflict((conflict) => conflict.column('user_id').doUpdateSet(values))
        .execute();
    },

    /** The same password under other parameters; nothing happens when it was changed meanwhile. */
    async rehash(userId: string, from: string, to: string): Promise<void> {
      await db
        .updateTable('password')
        .set({ hash: to })
        .where('user_id', '=', userId)
        .where('hash', '=', from)
        .execute();
    },

    async remove(userId: string): Promise<boolean> {
      const row = await db.deleteFrom('password').where('user_id', '=', userId).returning('user_id').executeTakeFirst();
      return row !== undefined;
    },
  };
}
