import type { RepositoryContext } from '../db/store.js';

export interface OauthRecord {
  model: string;
  digest: string;
  grantDigest: string | null;
  /** Sealed. */
  payload: string;
  expiresAt: string;
  consumedAt: string | null;
}
export interface OauthRecordWrite {
  model: string;
  /** Under every pepper, the newest first. */
  digests: readonly string[];
  grantDigest: string | null;
  userCodeDigest: string | null;
  /** For the digest that the record is stored under. */
  sealFor: (digest: string) => string;
  expiresAt: Date;
}

const columns = ['model', 'digest', 'grant_digest', 'payload', 'expires_at', 'consumed_at'] as const;

/** What the OAuth library keeps, by kind (`model`) and digest of its id. */
export function createOauthRecordRepository({ db }: RepositoryContext) {
  const toRecord = (row: {
    model: string;
    digest: string;
    grant_digest: string | null;
    payload: string;
    expires_at: string;
    consumed_at: string | null;
  }): OauthRecord => ({
    model: row.model,
    digest: row.digest,
    grantDigest: row.grant_digest,
    payload: row.payload,
    expiresAt: row.expires_at,
    consumedAt: row.consumed_at,
  });

  return {
    /** A record that is there keeps its user code and whether it was consumed. */
    async upsert(write: OauthRecordWrite): Promise<void> {
      const { model, digests, grantDigest, userCodeDigest, expiresAt } = write;
      const [newest = ''] = digests;
      const stored = await db
        .selectFrom('oauth_record')
        .select('digest')
        .where('model', '=', model)
        .where('digest', 'in', digests)
        .executeTakeFirst();
      const digest = stored?.digest ?? newest;
      const changes = {
        payload: write.sealFor(digest),
        grant_digest: grantDigest,
        expires_at: expiresAt.toISOString(),
      };
      await db
        .insertInto('oauth_record')
        .values({ model, digest, user_code_digest: userCodeDigest, consumed_at: null, polled_at: null, ...changes })
        .onConflict((conflict) => conflict.columns(['model', 'digest']).doUpdateSet(changes))
        .execute();
    },

    async find(model: string, digests: readonly string[]): Promise<OauthRecord | undefined> {
      const row = await db
        .selectFrom('oauth_record')
        .select(columns)
        .where('model', '=', model)
        .where('digest', 'in', digests)
        .executeTakeFirst();
      return row && toRecord(row);
    },

    async findByUserCode(digests: readonly string[]): Promise<OauthRecord | undefined> {
      const row = await db
        .selectFrom('oauth_record')
        .select(columns)
        .where('user_code_digest', 'in', digests)
        .executeTakeFirst();
      return row && toRecord(row);
    },

    /** Takes the user code from its record; true for one caller only. */
    async takeUserCode(digests: readonly string[]): Promise<boolean> {
      const row = await db
        .updateTable('oauth_record')
        .set({ user_code_digest: null })
        .where('user_code_digest', 'in', digests)
        .returning('digest')
        .executeTakeFirst();
      return row !== undefined;
    },

    /** True for the first caller only. */
    async consume(model: string, digests: readonly string[], now: Date): Promise<boolean> {
      const row = await db
        .updateTable('oauth_record')
        .set({ consumed_at: now.toISOString() })
        .where('model', '=', model)
        .where('digest', 'in', digests)
        .where('consumed_at', 'is', null)
        .returning('digest')
        .executeTakeFirst();
      return row !== undefined;
    },

    /** False where the record was polled after `notAfter` already; true as well where there is none. */
    async poll(model: string, digests: readonly string[], now: Date, notAfter: Date): Promise<boolean> {
      const polled = await db
        .updateTable('oauth_record')
        .set({ polled_at: now.toISOString() })
        .where('model', '=', model)
        .where('digest', 'in', digests)
        .where((eb) => eb.or([eb('polled_at', 'is', null), eb('polled_at', '<=', notAfter.toISOString())]))
        .returning('digest')
        .executeTakeFirst();
      return polled !== undefined || !(await this.find(model, digests));
    },

    async remove(model: string, digests: readonly string[]): Promise<void> {
      await db.deleteFrom('oauth_record').where('model', '=', model).where('digest', 'in', digests).execute();
    },

    /** Without a model: all that the grant led to, and the grant. */
    async removeByGrant(grantDigest: string, model?: string): Promise<void> {
      await db
        .deleteFrom('oauth_record')
        .where('grant_digest', '=', grantDigest)
        .$if(model !== undefined, (query) => query.where('model', '=', model as string))
        .execute();
    },

    async removeExpired(before: Date): Promise<void> {
      await db.deleteFrom('oauth_record').where('expires_at', '<', before.toISOString()).execute();
    },
  };
}
