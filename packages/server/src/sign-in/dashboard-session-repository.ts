import type { Selectable } from 'kysely';
import type { RepositoryContext } from '../db/store.js';
import type { Factor } from './factors.js';
import type { SignInTables } from './sign-in-table.js';

export interface StoredDashboardSession {
  id: string;
  digest: string;
  userId: string;
  createdAt: string;
  /** When a factor was shown last. */
  authenticatedAt: string;
  lastSeenAt: string;
  expiresAt: string;
  address: string | null;
  userAgent: string | null;
  factors: readonly Factor[];
}

/** Dashboard sessions; the cookie's value is kept as its digest only. Those past their end are never returned. */
export function createDashboardSessionRepository({ db }: RepositoryContext) {
  /** `seenSince`: sessions that were not seen since then have ended by idleness. */
  const live = (now: Date, seenSince: Date) =>
    db
      .selectFrom('dashboard_session')
      .selectAll()
      .where('expires_at', '>', now.toISOString())
      .where('last_seen_at', '>', seenSince.toISOString());

  return {
    async insert(session: StoredDashboardSession): Promise<void> {
      await db
        .insertInto('dashboard_session')
        .values({
          id: session.id,
          digest: session.digest,
          user_id: session.userId,
          created_at: session.createdAt,
          authenticated_at: session.authenticatedAt,
          last_seen_at: session.lastSeenAt,
          expires_at: session.expiresAt,
          address: session.address,
          user_agent: session.userAgent,
          factors_json: JSON.stringify(session.factors),
        })
        .execute();
    },

    async findByDigests(
      digests: readonly string[],
      now: Date,
      seenSince: Date,
    ): Promise<StoredDashboardSession | undefined> {
      const row = await live(now, seenSince).where('digest', 'in', digests).executeTakeFirst();
      return row && toSession(row);
    },

    async find(userId: string, id: string, now: Date, seenSince: Date): Promise<StoredDashboardSession | undefined> {
      const row = await live(now, seenSince).where('user_id', '=', userId).where('id', '=', id).executeTakeFirst();
      return row && toSession(row);
    },

    /** The latest seen first. */
    async list(userId: string, now: Date, seenSince: Date): Promise<StoredDashboardSession[]> {
      const rows = await live(now, seenSince)
        .where('user_id', '=', userId)
        .orderBy('last_seen_at', 'desc')
        .orderBy('created_at', 'desc')
        .execute();
      return rows.map(toSession);
    },

    /** A new value for the session, with what it has shown by now. False when its value was changed or ended meanwhile. */
    async renew(
      session: Pick<StoredDashboardSession, 'id' | 'digest' | 'factors'>,
      digest: string,
      now: Date,
    ): Promise<boolean> {
      const row = await db
        .updateTable('dashboard_session')
        .set({ digest, factors_json: JSON.stringify(session.factors), authenticated_at: now.toISOString() })
        .where('id', '=', session.id)
        .where('digest', '=', session.digest)
        .returning('id')
        .executeTakeFirst();
      return row !== undefined;
    },

    async recordSeen(id: string, at: Date): Promise<void> {
      const seen = at.toISOString();
      await db
        .updateTable('dashboard_session')
        .set({ last_seen_at: seen })
        .where('id', '=', id)
        .where('last_seen_at', '<', seen)
        .execute();
    },

    /** The owner of the session that was ended. */
    async removeByDigests(digests: readonly string[]): Promise<{ userId: string } | undefined> {
      const row = await db
        .deleteFrom('dashboard_session')
        .where('digest', 'in', digests)
        .returning('user_id')
        .executeTakeFirst();
      return row && { userId: row.user_id };
    },

    /** False when the person has no such session. */
    async remove(userId: string, id: string): Promise<boolean> {
      const row = await db
        .deleteFrom('dashboard_session')
        .where('user_id', '=', userId)
        .where('id', '=', id)
        .returning('id')
        .executeTakeFirst();
      return row !== undefined;
    },

    /** All of the person's but one; all where none is kept. Returns how many. */
    async removeOthers(userId: string, keepId: string | undefined): Promise<number> {
      const rows = await db
        .deleteFrom('dashboard_session')
        .where('user_id', '=', userId)
        .$if(keepId !== undefined, (query) => query.where('id', '!=', keepId ?? ''))
        .returning('id')
        .execute();
      return rows.length;
    },

    async prune(now: Date, seenSince: Date): Promise<void> {
      await db
        .deleteFrom('dashboard_session')
        .where((eb) =>
          eb.or([eb('expires_at', '<=', now.toISOString()), eb('last_seen_at', '<=', seenSince.toISOString())]),
        )
        .execute();
    },
  };
}

function toSession(row: Selectable<SignInTables['dashboard_session']>): StoredDashboardSession {
  return {
    id: row.id,
    digest: row.digest,
    userId: row.user_id,
    createdAt: row.created_at,
    authenticatedAt: row.authenticated_at,
    lastSeenAt: row.last_seen_at,
    expiresAt: row.expires_at,
    address: row.address,
    userAgent: row.user_agent,
    factors: JSON.parse(row.factors_json) as Factor[],
  };
}
