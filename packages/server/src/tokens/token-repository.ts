import type { Grant } from '@pipecat-cloud/contract/tokens';
import type { Selectable } from 'kysely';
import type { Schema } from '../db/schema.js';
import type { RepositoryContext } from '../db/store.js';

export interface StoredToken {
  id: string;
  kind: 'personal' | 'serviceAccount' | 'ci';
  userId: string | null;
  name: string;
  digest: string;
  pepperId: string;
  masked: string;
  legacy: boolean;
  grant: Grant;
  createdAt: string;
  expiresAt: string | null;
  revokedAt: string | null;
  revokedBy: string | null;
  revokedReason: string | null;
  lastUsedAt: string | null;
  lastUsedAddress: string | null;
  lastUsedUserAgent: string | null;
}
export type NewToken = Omit<
  StoredToken,
  'revokedAt' | 'revokedBy' | 'revokedReason' | 'lastUsedAt' | 'lastUsedAddress' | 'lastUsedUserAgent'
>;
export interface TokenUse {
  id: string;
  at: string;
  address: string;
  userAgent: string;
}

export function createTokenRepository({ db }: RepositoryContext) {
  return {
    async insert(token: NewToken): Promise<void> {
      await db
        .insertInto('token')
        .values({
          id: token.id,
          kind: token.kind,
          user_id: token.userId,
          name: token.name,
          digest: token.digest,
          pepper_id: token.pepperId,
          masked: token.masked,
          legacy: token.legacy ? 1 : 0,
          grant_json: JSON.stringify(token.grant),
          created_at: token.createdAt,
          expires_at: token.expiresAt,
        })
        .execute();
    },

    /** One indexed read, also with several peppers. */
    async findByDigest(digests: readonly string[]): Promise<StoredToken | undefined> {
      const row = await db.selectFrom('token').selectAll().where('digest', 'in', digests).executeTakeFirst();
      return row && toToken(row);
    },

    async listOfUser(userId: string): Promise<StoredToken[]> {
      const rows = await db
        .selectFrom('token')
        .selectAll()
        .where('user_id', '=', userId)
        .orderBy('created_at', 'desc')
        .execute();
      return rows.map(toToken);
    },

    async findOfUser(userId: string, id: string): Promise<StoredToken | undefined> {
      const row = await db
        .selectFrom('token')
        .selectAll()
        .where('user_id', '=', userId)
        .where('id', '=', id)
        .executeTakeFirst();
      return row && toToken(row);
    },

    /** False when it was revoked already: the first revocation keeps its reason. */
    async revoke(id: string, by: string, reason: string, now: Date): Promise<boolean> {
      const result = await db
        .updateTable('token')
        .set({ revoked_at: now.toISOString(), revoked_by: by, revoked_reason: reason })
        .where('id', '=', id)
        .where('revoked_at', 'is', null)
        .executeTakeFirst();
      return Number(result.numUpdatedRows) === 1;
    },

    async moveToPepper(id: string, digest: string, pepperId: string): Promise<void> {
      await db.updateTable('token').set({ digest, pepper_id: pepperId }).where('id', '=', id).execute();
    },

    async recordUse(use: TokenUse): Promise<void> {
      await db
        .updateTable('token')
        .set({ last_used_at: use.at, last_used_address: use.address, last_used_user_agent: use.userAgent })
        .where('id', '=', use.id)
        .execute();
    },
  };
}

function toToken(row: Selectable<Schema['token']>): StoredToken {
  return {
    id: row.id,
    kind: row.kind as StoredToken['kind'],
    userId: row.user_id,
    name: row.name,
    digest: row.digest,
    pepperId: row.pepper_id,
    masked: row.masked,
    legacy: row.legacy === 1,
    grant: JSON.parse(row.grant_json) as Grant,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    revokedAt: row.revoked_at,
    revokedBy: row.revoked_by,
    revokedReason: row.revoked_reason,
    lastUsedAt: row.last_used_at,
    lastUsedAddress: row.last_used_address,
    lastUsedUserAgent: row.last_used_user_agent,
  };
}
