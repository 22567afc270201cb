import type { RepositoryContext } from '../db/store.js';

export type AttemptPurpose = 'passkey_sign_in' | 'passkey_add' | 'passkey_step_up' | 'oidc';
export interface SignInAttempt {
  digest: string;
  purpose: AttemptPurpose;
  /** Whose attempt it is, where somebody is signed in already. */
  userId: string | null;
  sessionId: string | null;
  nextPath: string | null;
  expiresAt: Date;
}

/** Challenges and redirects under way, each for the browser that holds the value behind the digest, and for one use. */
export function createSignInAttemptRepository({ db }: RepositoryContext) {
  return {
    async insert(attempt: SignInAttempt): Promise<void> {
      await db
        .insertInto('sign_in_attempt')
        .values({
          digest: attempt.digest,
          purpose: attempt.purpose,
          user_id: attempt.userId,
          session_id: attempt.sessionId,
          next_path: attempt.nextPath,
          expires_at: attempt.expiresAt.toISOString(),
        })
        .execute();
    },

    /** Takes it away as it reads it: of two that come with the same value, one gets it. */
    async take(
      digests: readonly string[],
      purpose: AttemptPurpose,
      now: Date,
    ): Promise<Pick<SignInAttempt, 'userId' | 'sessionId' | 'nextPath'> | undefined> {
      const row = await db
        .deleteFrom('sign_in_attempt')
        .where('digest', 'in', digests)
        .where('purpose', '=', purpose)
        .returning(['user_id', 'session_id', 'next_path', 'expires_at'])
        .executeTakeFirst();
      if (!row || row.expires_at <= now.toISOString()) return undefined;
      return { userId: row.user_id, sessionId: row.session_id, nextPath: row.next_path };
    },

    async prune(now: Date): Promise<void> {
      await db.deleteFrom('sign_in_attempt').where('expires_at', '<=', now.toISOString()).execute();
    },
  };
}
