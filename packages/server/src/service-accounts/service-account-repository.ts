import type { Role } from '@pipecat-cloud/contract/permissions';
import type { RepositoryContext } from '../db/store.js';

export interface StoredServiceAccount {
  id: string;
  organizationId: string;
  name: string;
  role: Role;
  disabledAt: string | null;
}

export function createServiceAccountRepository({ db, dialect }: RepositoryContext) {
  return {
    /** Makes others that would change this account, or give it a token, wait for this transaction. */
    async lock(id: string): Promise<void> {
      // SQLite has one writer anyway.
      if (dialect === 'postgres')
        await db.selectFrom('service_account').select('id').where('id', '=', id).forUpdate().execute();
    },

    /** By id or name, among those that were not deleted. */
    async find(organizationId: string, idOrName: string): Promise<StoredServiceAccount | undefined> {
      const row = await db
        .selectFrom('service_account')
        .selectAll()
        .where('organization_id', '=', organizationId)
        .where('deleted_at', 'is', null)
        .where(({ eb, or }) => or([eb('id', '=', idOrName), eb('name', '=', idOrName)]))
        .executeTakeFirst();
      return (
        row && {
          id: row.id,
          organizationId: row.organization_id,
          name: row.name,
          role: row.role as Role,
          disabledAt: row.disabled_at,
        }
      );
    },
  };
}
