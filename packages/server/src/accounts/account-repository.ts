import type { RepositoryContext } from '../db/store.js';

export interface Account {
  id: string;
  email: string;
  defaultOrganizationId: string | null;
}

export function createAccountRepository({ db }: RepositoryContext) {
  const select = () => db.selectFrom('user_account').select(['id', 'email', 'default_organization_id']);
  const toAccount = (row: { id: string; email: string; default_organization_id: string | null }): Account => ({
    id: row.id,
    email: row.email,
    defaultOrganizationId: row.default_organization_id,
  });

  return {
    async insert(account: Account, now: Date): Promise<void> {
      await db
        .insertInto('user_account')
        .values({
          id: account.id,
          email: account.email,
          default_organization_id: account.defaultOrganizationId,
          created_at: now.toISOString(),
        })
        .execute();
    },
    /** False when somebody has the address: the unique index decides, not a read. */
    async insertIfNew(account: Account, now: Date): Promise<boolean> {
      const row = await db
        .insertInto('user_account')
        .values({
          id: account.id,
          email: account.email.toLowerCase(),
          default_organization_id: account.defaultOrganizationId,
          created_at: now.toISOString(),
        })
        .onConflict((conflict) => conflict.doNothing())
        .returning('id')
        .executeTakeFirst();
      return row !== undefined;
    },
    async find(id: string): Promise<Account | undefined> {
      const row = await select().where('id', '=', id).executeTakeFirst();
      return row && toAccount(row);
    },
    /** Addresses are kept and compared in lower case. */
    async findByEmail(email: string): Promise<Account | undefined> {
      const row = await select().where('email', '=', email.toLowerCase()).executeTakeFirst();
      return row && toAccount(row);
    },
    async setEmail(id: string, email: string): Promise<void> {
      await db.updateTable('user_account').set({ email: email.toLowerCase() }).where('id', '=', id).execute();
    },
    /** False when the person is no member of it: the organization that comes first for clients must be one of theirs. */
    async setDefault(id: string, organizationId: string): Promise<boolean> {
      const row = await db
        .updateTable('user_account')
        .set({ default_organization_id: organizationId })
        .where('id', '=', id)
        .where(({ exists, selectFrom }) =>
          exists(
            selectFrom('membership')
              .select('membership.user_id')
              .where('membership.user_id', '=', id)
              .where('membership.organization_id', '=', organizationId),
          ),
        )
        .returning('id')
        .executeTakeFirst();
      return row !== undefined;
    },
    async setDefaultIfNone(id: string, organizationId: string): Promise<void> {
      await db
        .updateTable('user_account')
        .set({ default_organization_id: organizationId })
        .where('id', '=', id)
        .where('default_organization_id', 'is', null)
        .execute();
    },
  };
}
