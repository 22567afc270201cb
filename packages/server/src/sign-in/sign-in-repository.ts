import type { RepositoryContext } from '../db/store.js';

export type CodePurpose = 'setup' | 'sign_in' | 'step_up' | 'recovery';
export interface NewCode {
  id: string;
  purpose: CodePurpose;
  digest: string;
  /** Null for a code that was asked for with an address nobody has: the same work is done, nobody can use it. */
  userId: string | null;
  /** Of an e-mail code: digest of the browser or session that asked for it. */
  boundTo?: string;
  expiresAt: Date;
}

/** One-time codes, kept as digests only. */
export function createSignInRepository({ db }: RepositoryContext) {
  return {
    async insertCode(code: NewCode, now: Date): Promise<void> {
      await db
        .insertInto('one_time_code')
        .values({
          id: code.id,
          purpose: code.purpose,
          digest: code.digest,
          user_id: code.userId,
          bound_to: code.boundTo ?? null,
          attempts: 0,
          created_at: now.toISOString(),
          expires_at: code.expiresAt.toISOString(),
          used_at: null,
        })
        .execute();
    },

    async countCodesSince(userId: string | null, purpose: CodePurpose, since: Date): Promise<number> {
      const row = await db
        .selectFrom('one_time_code')
        .select(({ fn }) => fn.countAll().as('count'))
        .where('user_id', userId === null ? 'is' : '=', userId)
        .where('purpose', '=', purpose)
        .where('created_at', '>', since.toISOString())
        .executeTakeFirstOrThrow();
      return Number(row.count);
    },

    /**
     * Counts one attempt on every live code of the person that was asked for from there, and returns those it was counted on: each
     * code can be compared with at most `maxAttempts` guesses, however many arrive at once. `boundTo`: under every pepper.
     */
    async spendAttempt(
      userId: string | null,
      purpose: CodePurpose,
      boundTo: readonly string[],
      maxAttempts: number,
      now: Date,
    ): Promise<{ id: string; digest: string }[]> {
      return await db
        .updateTable('one_time_code')
        .set(({ eb }) => ({ attempts: eb('attempts', '+', 1) }))
        .where('user_id', userId === null ? 'is' : '=', userId)
        .where('purpose', '=', purpose)
        .where('bound_to', 'in', boundTo)
        .where('used_at', 'is', null)
        .where('expires_at', '>', now.toISOString())
        .where('attempts', '<', maxAttempts)
        .returning(['id', 'digest'])
        .execute();
    },

    /** A code of high entropy is found by its digest. Undefined when it is unknown, used or expired. */
    async findCode(
      purpose: CodePurpose,
      digests: readonly string[],
      now: Date,
    ): Promise<{ id: string; userId: string | null } | undefined> {
      const row = await db
        .selectFrom('one_time_code')
        .select(['id', 'user_id'])
        .where('purpose', '=', purpose)
        .where('digest', 'in', digests)
        .where('used_at', 'is', null)
        .where('expires_at', '>', now.toISOString())
        .executeTakeFirst();
      return row && { id: row.id, userId: row.user_id };
    },

    /** False when somebody else used it first. */
    async useCode(id: string, now: Date): Promise<boolean> {
      const row = await db
        .updateTable('one_time_code')
        .set({ used_at: now.toISOString() })
        .where('id', '=', id)
        .where('used_at', 'is', null)
        .returning('id')
        .executeTakeFirst();
      return row !== undefined;
    },

    /** How many codes of the purpose the person could still use. */
    async countUnused(userId: string, purpose: CodePurpose, now: Date): Promise<number> {
      const row = await db
        .selectFrom('one_time_code')
        .select(({ fn }) => fn.countAll().as('count'))
        .where('user_id', '=', userId)
        .where('purpose', '=', purpose)
        .where('used_at', 'is', null)
        .where('expires_at', '>', now.toISOString())
        .executeTakeFirstOrThrow();
      return Number(row.count);
    },

    /** Has the person ever used a code of this purpose? */
    async hasUsedCode(userId: string, purpose: CodePurpose): Promise<boolean> {
      const row = await db
        .selectFrom('one_time_code')
        .select('id')
        .where('user_id', '=', userId)
        .where('purpose', '=', purpose)
        .where('used_at', 'is not', null)
        .executeTakeFirst();
      return row !== undefined;
    },

    /** Unused codes of the purpose stop working. */
    async dropUnusedCodes(userId: string, purpose: CodePurpose): Promise<void> {
      await db
        .deleteFrom('one_time_code')
        .where('user_id', '=', userId)
        .where('purpose', '=', purpose)
        .where('used_at', 'is', null)
        .execute();
    },

    /** Codes sent by e-mail that are older than this serve neither a check nor a count any more. */
    async pruneCodes(createdBefore: Date): Promise<void> {
      await db
        .deleteFrom('one_time_code')
        .where('purpose', 'in', ['sign_in', 'step_up'])
        .where('created_at', '<', createdBefore.toISOString())
        .execute();
    },
  };
}
