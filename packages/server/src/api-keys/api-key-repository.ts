import type { Selectable } from 'kysely';
import type { Schema } from '../db/schema.js';
import type { RepositoryContext } from '../db/store.js';

export interface ApiKey {
  id: string;
  organizationId: string;
  type: 'public' | 'private';
  name: string;
  digest: string;
  pepperId: string;
  masked: string;
  /** Public keys only: the value, sealed by the secret box. */
  sealed: string | null;
  createdAt: string;
  revokedAt: string | null;
  lastUsedAt: string | null;
}
export type NewApiKey = Omit<ApiKey, 'organizationId' | 'revokedAt' | 'lastUsedAt'>;

/** Public and private keys of organizations. Revoked keys stay, so that their name and last use can still be read. */
export function createApiKeyRepository({ db }: RepositoryContext) {
  return {
    /** Newest first, revoked ones included. */
    async list(organizationId: string): Promise<ApiKey[]> {
      const rows = await db
        .selectFrom('api_key')
        .selectAll()
        .where('organization_id', '=', organizationId)
        .orderBy('created_at', 'desc')
        .orderBy('id')
        .execute();
      return rows.map(toApiKey);
    },

    async find(organizationId: string, id: string): Promise<ApiKey | undefined> {
      const row = await db
        .selectFrom('api_key')
        .selectAll()
        .where('organization_id', '=', organizationId)
        .where('id', '=', id)
        .executeTakeFirst();
      return row && toApiKey(row);
    },

    /** By any of the digests, before an organization is known: the key itself says which it is. Revoked keys are found as well. */
    async findByDigests(digests: readonly string[]): Promise<ApiKey | undefined> {
      const row = await db.selectFrom('api_key').selectAll().where('digest', 'in', digests).executeTakeFirst();
      return row && toApiKey(row);
    },

    /** Live keys of one type. Callers that insert afterwards hold the organization's lock. */
    async countLive(organizationId: string, type: ApiKey['type']): Promise<number> {
      const row = await db
        .selectFrom('api_key')
        .select(({ fn }) => fn.countAll().as('count'))
        .where('organization_id', '=', organizationId)
        .where('type', '=', type)
        .where('revoked_at', 'is', null)
        .executeTakeFirstOrThrow();
      return Number(row.count);
    },

    async insert(organizationId: string, key: NewApiKey): Promise<void> {
      await db
        .insertInto('api_key')
        .values({
          id: key.id,
          organization_id: organizationId,
          type: key.type,
          name: key.name,
          digest: key.digest,
          pepper_id: key.pepperId,
          masked: key.masked,
          sealed: key.sealed,
          created_at: key.createdAt,
          revoked_at: null,
          last_used_at: null,
        })
        .execute();
    },

    /** False when the key was not live any more (or is not this organization's). */
    async revoke(organizationId: string, id: string, now: Date): Promise<boolean> {
      const row = await db
        .updateTable('api_key')
        .set({ revoked_at: now.toISOString() })
        .where('organization_id', '=', organizationId)
        .where('id', '=', id)
        .where('revoked_at', 'is', null)
        .returning('id')
        .executeTakeFirst();
      return row !== undefined;
    },

    /** False when the key is not live any more, or does not have the digest that was read. */
    async replaceSecret(
      organizationId: string,
      id: string,
      before: string,
      secret: { digest: string; pepperId: string; masked: string; sealed: string | null },
    ): Promise<boolean> {
      const row = await db
        .updateTable('api_key')
        .set({
          digest: secret.digest,
          pepper_id: secret.pepperId,
          masked: secret.masked,
          sealed: secret.sealed,
        })
        .where('organization_id', '=', organizationId)
        .where('id', '=', id)
        .where('digest', '=', before)
        .where('revoked_at', 'is', null)
        .returning('id')
        .executeTakeFirst();
      return row !== undefined;
    },

    /** Called in batches by the authenticator, never on the path of a request. */
    async recordUse(id: string, at: Date): Promise<void> {
      await db.updateTable('api_key').set({ last_used_at: at.toISOString() }).where('id', '=', id).execute();
    },

    /** After a pepper was retired: the digest under the newest one, written when the key is next seen. */
    async rehash(id: string, digest: string, pepperId: string): Promise<void> {
      await db.updateTable('api_key').set({ digest, pepper_id: pepperId }).where('id', '=', id).execute();
    },
  };
}

function toApiKey(row: Selectable<Schema['api_key']>): ApiKey {
  return {
    id: row.id,
    organizationId: row.organization_id,
    type: row.type as ApiKey['type'],
    name: row.name,
    digest: row.digest,
    pepperId: row.pepper_id,
    masked: row.masked,
    sealed: row.sealed,
    createdAt: row.created_at,
    revokedAt: row.revoked_at,
    lastUsedAt: row.last_used_at,
  };
}
