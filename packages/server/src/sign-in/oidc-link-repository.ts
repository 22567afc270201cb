import type { RepositoryContext } from '../db/store.js';

/** Which person a subject of an outside provider is. An address can pass to somebody else; issuer and subject never do. */
export function createOidcLinkRepository({ db }: RepositoryContext) {
  return {
    async findUser(issuer: string, subject: string): Promise<string | undefined> {
      const row = await db
        .selectFrom('oidc_link')
        .select('user_id')
        .where('issuer', '=', issuer)
        .where('subject', '=', subject)
        .executeTakeFirst();
      return row?.user_id;
    },

    async isLinked(issuer: string, userId: string): Promise<boolean> {
      const row = await db
        .selectFrom('oidc_link')
        .select('subject')
        .where('issuer', '=', issuer)
        .where('user_id', '=', userId)
        .executeTakeFirst();
      return row !== undefined;
    },

    /** False when the subject or the person has a link at this issuer already. */
    async insert(issuer: string, subject: string, userId: string, now: Date): Promise<boolean> {
      const at = now.toISOString();
      const row = await db
        .insertInto('oidc_link')
        .values({ issuer, subject, user_id: userId, created_at: at, last_used_at: at })
        .onConflict((conflict) => conflict.doNothing())
        .returning('subject')
        .executeTakeFirst();
      return row !== undefined;
    },

    async recordUse(issuer: string, subject: string, now: Date): Promise<void> {
      await db
        .updateTable('oidc_link')
        .set({ last_used_at: now.toISOString() })
        .where('issuer', '=', issuer)
        .where('subject', '=', subject)
        .execute();
    },
  };
}
