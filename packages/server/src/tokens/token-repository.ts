import type { Grant } from '@pipecat-cloud/contract/tokens';
import { type Compilable, type CompiledQuery, sql } from 'kysely';
import type { RepositoryContext } from '../db/store.js';
import {
  type CheckedRow,
  type CheckedToken,
  type NewToken,
  type StoredToken,
  type TokenRow,
  type TokenUse,
  toCheckedToken,
  toToken,
} from './stored-token.js';
import { createTokenTree } from './token-tree.js';

export function createTokenRepository({ db, dialect }: RepositoryContext) {
  const selectChecked = () =>
    db
      .selectFrom('token')
      .leftJoin('service_account', 'service_account.id', 'token.service_account_id')
      .leftJoin('token as successor', 'successor.predecessor_id', 'token.id')
      .selectAll('token')
      .select([
        'service_account.name as owner_name',
        'service_account.role as owner_role',
        'service_account.disabled_at as owner_disabled_at',
        'successor.id as successor_id',
      ]);
  const select = () =>
    selectChecked()
      .leftJoin('user_account', 'user_account.id', 'token.user_id')
      .select('user_account.email as owner_email');

  // What checks ask for is built once, not at each check: to build a statement with its joins takes longer than to run it.
  const statements = new Map<string, CompiledQuery<unknown>>();
  async function findOne<Row>(
    name: string,
    build: () => Compilable<Row>,
    parameters: readonly string[],
  ): Promise<Row | undefined> {
    const statement = statements.get(name) ?? build().compile();
    statements.set(name, statement);
    return (await db.executeQuery<Row>({ ...(statement as CompiledQuery<Row>), parameters })).rows[0];
  }

  return {
    ...createTokenTree({ db, dialect }),

    async insert(token: NewToken): Promise<void> {
      await db
        .insertInto('token')
        .values({
          id: token.id,
          kind: token.kind,
          user_id: token.userId,
          service_account_id: token.serviceAccount?.id ?? null,
          organization_id: token.serviceAccount?.organizationId ?? null,
          family_id: token.predecessor?.familyId ?? token.id,
          parent_id: token.parentId ?? null,
          predecessor_id: token.predecessor?.id ?? null,
          activated_at: token.predecessor ? null : token.createdAt,
          created_by: token.createdBy ?? token.userId,
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
    async findByDigest(digests: readonly string[]): Promise<CheckedToken | undefined> {
      const build = () => selectChecked().where('token.digest', 'in', digests);
      const row = await findOne<CheckedRow>(`by ${digests.length} digests`, build, digests);
      return row && toCheckedToken(row);
    },

    /** Whoever owns it: callers check that the caller may know of it. */
    async find(id: string): Promise<StoredToken | undefined> {
      // Not `=`: SQLite then plans a join anew whenever its parameter changes, which takes ten times as long as to run it.
      const row = await findOne<TokenRow>('by id', () => select().where('token.id', 'in', [id]), [id]);
      return row && toToken(row);
    },

    /** Newest first, ended ones included. */
    async listOfUser(userId: string): Promise<StoredToken[]> {
      const rows = await select().where('token.user_id', '=', userId).orderBy('token.created_at', 'desc').execute();
      return rows.map(toToken);
    },

    async findOfUser(userId: string, id: string): Promise<StoredToken | undefined> {
      const row = await select().where('token.user_id', '=', userId).where('token.id', '=', id).executeTakeFirst();
      return row && toToken(row);
    },

    async listOfServiceAccount(organizationId: string, serviceAccountId: string): Promise<StoredToken[]> {
      const rows = await select()
        .where('token.organization_id', '=', organizationId)
        .where('token.service_account_id', '=', serviceAccountId)
        .orderBy('token.created_at', 'desc')
        .execute();
      return rows.map(toToken);
    },

    async findOfServiceAccount(
      organizationId: string,
      serviceAccountId: string,
      id: string,
    ): Promise<StoredToken | undefined> {
      const row = await select()
        .where('token.organization_id', '=', organizationId)
        .where('token.service_account_id', '=', serviceAccountId)
        .where('token.id', '=', id)
        .executeTakeFirst();
      return row && toToken(row);
    },

    /** Every token that reaches the organization: of its members, unless their grant leaves it out, and of its service accounts. */
    async listReaching(organizationId: string): Promise<StoredToken[]> {
      const rows = await select()
        .where(({ eb, or, exists, selectFrom }) =>
          or([
            eb('token.organization_id', '=', organizationId),
            exists(
              selectFrom('membership')
                .select('membership.user_id')
                .whereRef('membership.user_id', '=', 'token.user_id')
                .where('membership.organization_id', '=', organizationId),
            ),
          ]),
        )
        .orderBy('token.created_at', 'desc')
        .execute();
      return rows.map(toToken).filter(({ grant }) => grant.organizations?.includes(organizationId) ?? true);
    },

    /** A fresh secret for a successor that was never used. False when it was used meanwhile, or ended. */
    async replaceSecret(
      id: string,
      secret: { digest: string; pepperId: string; masked: string },
      expiresAt: string | null,
    ): Promise<boolean> {
      const row = await db
        .updateTable('token')
        .set({ digest: secret.digest, pepper_id: secret.pepperId, masked: secret.masked, expires_at: expiresAt })
        .where('id', '=', id)
        .where('activated_at', 'is', null)
        .where('revoked_at', 'is', null)
        .returning('id')
        .executeTakeFirst();
      return row !== undefined;
    },

    /** Takes a successor that never came to life out of its predecessor's place. */
    async detach(id: string): Promise<void> {
      await db.updateTable('token').set({ predecessor_id: null }).where('id', '=', id).execute();
    },

    /** A successor's first use. False when another request was first, or it has ended. */
    async activate(id: string, now: Date): Promise<boolean> {
      const row = await db
        .updateTable('token')
        .set({ activated_at: now.toISOString() })
        .where('id', '=', id)
        .where('activated_at', 'is', null)
        .where('revoked_at', 'is', null)
        .returning('id')
        .executeTakeFirst();
      return row !== undefined;
    },

    /** Ids of the line of rotations that are not ended. */
    async liveOfFamily(familyId: string): Promise<string[]> {
      const rows = await db
        .selectFrom('token')
        .select('id')
        .where('family_id', '=', familyId)
        .where('revoked_at', 'is', null)
        .execute();
      return rows.map(({ id }) => id);
    },

    /** Ids of what was derived from any of them and is not ended. */
    async liveChildren(ids: readonly string[]): Promise<string[]> {
      const rows = await db
        .selectFrom('token')
        .select('id')
        .where('parent_id', 'in', ids)
        .where('revoked_at', 'is', null)
        .execute();
      return rows.map((row) => row.id);
    },

    /** A leaver's token goes to a service account; its secret stays. */
    async adopt(id: string, serviceAccount: { id: string; organizationId: string }, grant: Grant): Promise<void> {
      await db
        .updateTable('token')
        .set({
          kind: 'serviceAccount',
          user_id: null,
          service_account_id: serviceAccount.id,
          organization_id: serviceAccount.organizationId,
          parent_id: null,
          grant_json: JSON.stringify(grant),
        })
        .where('id', '=', id)
        .execute();
    },

    /** Whether any token can be recognised with these peppers; true where there is none. */
    async opensWith(pepperIds: readonly string[]): Promise<boolean> {
      const any = db.selectFrom('token').select('id').limit(1);
      const [one, known] = [
        await any.executeTakeFirst(),
        await any.where('pepper_id', 'in', pepperIds).executeTakeFirst(),
      ];
      return one === undefined || known !== undefined;
    },

    async moveToPepper(id: string, digest: string, pepperId: string): Promise<void> {
      await db.updateTable('token').set({ digest, pepper_id: pepperId }).where('id', '=', id).execute();
    },

    /** What was used by a line of rotations and all that was derived from it, as bits; and since when all of that was counted. */
    async permissionsUsed(familyId: string): Promise<{ bits: number; countedSince: string | null }> {
      let found = { bits: 0, countedSince: null as string | null };
      const add = async (column: 'family_id' | 'parent_id', ids: readonly string[]): Promise<string[]> => {
        const rows = await db
          .selectFrom('token')
          .select(['id', 'used_permissions', 'use_counted_since'])
          .where(column, 'in', ids)
          .execute();
        for (const { used_permissions: bits, use_counted_since: since } of rows) {
          const later = since !== null && since > (found.countedSince ?? '') ? since : found.countedSince;
          found = { bits: found.bits | bits, countedSince: later };
        }
        return rows.map(({ id }) => id);
      };
      let generation = await add('family_id', [familyId]);
      while (generation.length > 0) generation = await add('parent_id', generation);
      return found;
    },

    /** Called in batches, never on the path of a request. */
    async recordUse(use: TokenUse): Promise<void> {
      await db
        .updateTable('token')
        .set({
          last_used_at: use.at,
          last_used_address: use.address,
          last_used_user_agent: use.userAgent,
          used_permissions: sql`used_permissions | ${use.permissions}`,
          // Of the last run that said so: a look from elsewhere must not hide where the token lives.
          ...(use.ciRun === null ? {} : { last_used_ci_run: use.ciRun }),
        })
        .where('id', '=', use.id)
        .execute();
    },
  };
}
export type TokenRepository = ReturnType<typeof createTokenRepository>;
