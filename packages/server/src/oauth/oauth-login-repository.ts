import type { RepositoryContext } from '../db/store.js';

export type LoginVia = 'browser' | 'device';
/** Why a sign-in ended: its owner did it, a client signed out, a token came back, a code or refresh token was used twice, or all were ended. */
export type LoginEnd = 'owner' | 'logout' | 'revoked' | 'replay' | 'panic';

export interface OauthLogin {
  id: string;
  userId: string;
  grantDigest: string;
  clientId: string;
  via: LoginVia;
  address: string | null;
  userAgent: string | null;
  secondFactor: boolean;
  createdAt: string;
  expiresAt: string;
  lastIssuedAt: string | null;
}

const columns = [
  'id',
  'user_id',
  'grant_digest',
  'client_id',
  'via',
  'address',
  'user_agent',
  'second_factor',
  'created_at',
  'expires_at',
  'last_issued_at',
] as const;

interface LoginRow {
  id: string;
  user_id: string;
  grant_digest: string;
  client_id: string;
  via: string;
  address: string | null;
  user_agent: string | null;
  second_factor: number;
  created_at: string;
  expires_at: string;
  last_issued_at: string | null;
}
const toLogin = (row: LoginRow): OauthLogin => ({
  id: row.id,
  userId: row.user_id,
  grantDigest: row.grant_digest,
  clientId: row.client_id,
  via: row.via as LoginVia,
  address: row.address,
  userAgent: row.user_agent,
  secondFactor: row.second_factor === 1,
  createdAt: row.created_at,
  expiresAt: row.expires_at,
  lastIssuedAt: row.last_issued_at,
});

/** Sign-ins of the command line: one row for each grant, kept after its end. */
export function createOauthLoginRepository({ db }: RepositoryContext) {
  return {
    async insert(login: Omit<OauthLogin, 'lastIssuedAt'>): Promise<void> {
      await db
        .insertInto('oauth_login')
        .values({
          id: login.id,
          user_id: login.userId,
          grant_digest: login.grantDigest,
          client_id: login.clientId,
          via: login.via,
          address: login.address,
          user_agent: login.userAgent,
          second_factor: login.secondFactor ? 1 : 0,
          created_at: login.createdAt,
          expires_at: login.expiresAt,
        })
        .execute();
    },

    /** Whose token has one of these digests; undefined when it expired, its sign-in ended, or the person is gone. A used one counts. */
    async ofToken(
      model: 'AccessToken' | 'RefreshToken',
      digests: readonly string[],
      now: Date,
    ): Promise<{ login: OauthLogin; tokenExpiresAt: string } | undefined> {
      const row = await db
        .selectFrom('oauth_record')
        .innerJoin('oauth_login', 'oauth_login.grant_digest', 'oauth_record.grant_digest')
        .innerJoin('user_account', 'user_account.id', 'oauth_login.user_id')
        .select(columns.map((column) => `oauth_login.${column}` as const))
        .select('oauth_record.expires_at as token_expires_at')
        .where('oauth_record.model', '=', model)
        .where('oauth_record.digest', 'in', digests)
        .where('oauth_record.expires_at', '>', now.toISOString())
        .where('oauth_login.ended_at', 'is', null)
        .where('oauth_login.expires_at', '>', now.toISOString())
        .executeTakeFirst();
      return row && { login: toLogin(row), tokenExpiresAt: row.token_expires_at };
    },

    /** Live ones, the newest first. */
    async listOfUser(userId: string, now: Date): Promise<OauthLogin[]> {
      const rows = await db
        .selectFrom('oauth_login')
        .select(columns)
        .where('user_id', '=', userId)
        .where('ended_at', 'is', null)
        .where('expires_at', '>', now.toISOString())
        .orderBy('created_at', 'desc')
        .orderBy('id')
        .execute();
      return rows.map(toLogin);
    },

    /** A live one of this person. */
    async findOfUser(userId: string, id: string): Promise<OauthLogin | undefined> {
      const row = await db
        .selectFrom('oauth_login')
        .select(columns)
        .where('user_id', '=', userId)
        .where('id', '=', id)
        .where('ended_at', 'is', null)
        .executeTakeFirst();
      return row && toLogin(row);
    },

    /** The sign-in, if this call ended it; undefined if it had ended before or there is none. */
    async end(grantDigest: string, cause: LoginEnd, now: Date): Promise<OauthLogin | undefined> {
      const row = await db
        .updateTable('oauth_login')
        .set({ ended_at: now.toISOString(), ended_cause: cause })
        .where('grant_digest', '=', grantDigest)
        .where('ended_at', 'is', null)
        .returning(columns)
        .executeTakeFirst();
      return row && toLogin(row);
    },

    /** Live ones of the person that were made or last issued tokens since then, each ended by this call. */
    async endOfUserSince(userId: string, since: Date, cause: LoginEnd, now: Date): Promise<OauthLogin[]> {
      const limit = since.toISOString();
      const rows = await db
        .updateTable('oauth_login')
        .set({ ended_at: now.toISOString(), ended_cause: cause })
        .where('user_id', '=', userId)
        .where('ended_at', 'is', null)
        .where((eb) => eb.or([eb('created_at', '>=', limit), eb('last_issued_at', '>=', limit)]))
        .returning(columns)
        .execute();
      return rows.map(toLogin);
    },

    async markIssued(grantDigest: string, now: Date): Promise<void> {
      await db
        .updateTable('oauth_login')
        .set({ last_issued_at: now.toISOString() })
        .where('grant_digest', '=', grantDigest)
        .execute();
    },

    /** Ended or expired ones are kept for a while, then forgotten. */
    async removeOver(before: Date): Promise<void> {
      const limit = before.toISOString();
      await db
        .deleteFrom('oauth_login')
        .where((eb) => eb.or([eb('ended_at', '<', limit), eb('expires_at', '<', limit)]))
        .execute();
    },
  };
}
