import type { Role } from '@pipecat-cloud/contract/permissions';
import type { RepositoryContext } from '../db/store.js';

export interface StoredMember {
  userId: string;
  email: string;
  role: Role;
  createdAt: string;
}

/** People in organizations. Callers that change something hold the organization's lock. */
export function createMemberRepository({ db }: RepositoryContext) {
  const select = (organizationId: string) =>
    db
      .selectFrom('membership')
      .innerJoin('user_account', 'user_account.id', 'membership.user_id')
      .select(['membership.user_id', 'user_account.email', 'membership.role', 'membership.created_at'])
      .where('membership.organization_id', '=', organizationId);
  const toMember = (row: { user_id: string; email: string; role: string; created_at: string }): StoredMember => ({
    userId: row.user_id,
    email: row.email,
    role: row.role as Role,
    createdAt: row.created_at,
  });

  return {
    /** By their address. */
    async list(organizationId: string): Promise<StoredMember[]> {
      return (await select(organizationId).orderBy('user_account.email').execute()).map(toMember);
    },
    async find(organizationId: string, userId: string): Promise<StoredMember | undefined> {
      const row = await select(organizationId).where('membership.user_id', '=', userId).executeTakeFirst();
      return row && toMember(row);
    },
    async findByEmail(organizationId: string, email: string): Promise<StoredMember | undefined> {
      const row = await select(organizationId).where('user_account.email', '=', email.toLowerCase()).executeTakeFirst();
      return row && toMember(row);
    },
    async countOwners(organizationId: string): Promise<number> {
      const row = await db
        .selectFrom('membership')
        .select(({ fn }) => fn.countAll().as('count'))
        .where('organization_id', '=', organizationId)
        .where('role', '=', 'owner')
        .executeTakeFirstOrThrow();
      return Number(row.count);
    },
    /** False when the person is a member already; the role stays. */
    async add(organizationId: string, userId: string, role: Role, now: Date): Promise<boolean> {
      const row = await db
        .insertInto('membership')
        .values({ organization_id: organizationId, user_id: userId, role, created_at: now.toISOString() })
        .onConflict((conflict) => conflict.doNothing())
        .returning('user_id')
        .executeTakeFirst();
      return row !== undefined;
    },
    async setRole(organizationId: string, userId: string, role: Role): Promise<void> {
      await db
        .updateTable('membership')
        .set({ role })
        .where('organization_id', '=', organizationId)
        .where('user_id', '=', userId)
        .execute();
    },
    /** Whoever has the organization as the default gets the oldest of their others, or none. */
    async remove(organizationId: string, userId: string): Promise<void> {
      await db
        .deleteFrom('membership')
        .where('organization_id', '=', organizationId)
        .where('user_id', '=', userId)
        .execute();
      await db
        .updateTable('user_account')
        .set(({ selectFrom }) => ({
          default_organization_id: selectFrom('membership')
            .select('membership.organization_id')
            .whereRef('membership.user_id', '=', 'user_account.id')
            .orderBy('membership.created_at')
            .orderBy('membership.organization_id')
            .limit(1),
        }))
        .where('id', '=', userId)
        .where('default_organization_id', '=', organizationId)
        .execute();
    },
  };
}
