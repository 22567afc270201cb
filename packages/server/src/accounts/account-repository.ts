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
  };
}
