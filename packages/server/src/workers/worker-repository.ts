import type { RepositoryContext } from '../db/store.js';

export interface StoredWorker {
  id: string;
  digest: string;
  revokedAt: string | null;
}

export function createWorkerRepository({ db }: RepositoryContext) {
  return {
    async insert(worker: { id: string; name: string; digest: string; pepperId: string }, now: Date): Promise<void> {
      await db
        .insertInto('worker')
        .values({
          id: worker.id,
          name: worker.name,
          digest: worker.digest,
          pepper_id: worker.pepperId,
          created_at: now.toISOString(),
        })
        .execute();
    },
    async findByDigest(digests: readonly string[]): Promise<StoredWorker | undefined> {
      return await db
        .selectFrom('worker')
        .select(['id', 'digest', 'revoked_at as revokedAt'])
        .where('digest', 'in', digests)
        .executeTakeFirst();
    },
    /** A one-time token for one enrolment. */
    async insertEnrolment(id: string, digest: string, now: Date, expiresAt: Date): Promise<void> {
      await db
        .insertInto('one_time_code')
        .values({
          id,
          purpose: 'enrolment',
          digest,
          attempts: 0,
          created_at: now.toISOString(),
          expires_at: expiresAt.toISOString(),
        })
        .execute();
    },
    /** True for the first caller in time; the token is used up then. */
    async useEnrolment(digests: readonly string[], now: Date): Promise<boolean> {
      const row = await db
        .updateTable('one_time_code')
        .set({ used_at: now.toISOString() })
        .where('purpose', '=', 'enrolment')
        .where('digest', 'in', digests)
        .where('used_at', 'is', null)
        .where('expires_at', '>', now.toISOString())
        .returning('id')
        .executeTakeFirst();
      return row !== undefined;
    },
    async seen(id: string, now: Date): Promise<void> {
      await db.updateTable('worker').set({ last_seen_at: now.toISOString() }).where('id', '=', id).execute();
    },
  };
}
