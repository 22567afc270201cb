import type { Role } from '@pipecat-cloud/contract/permissions';
import type { ServiceAccount } from '@pipecat-cloud/contract/service-accounts';
import type { Selectable } from 'kysely';
import type { Schema } from '../db/schema.js';
import type { RepositoryContext } from '../db/store.js';

export interface StoredServiceAccount {
  id: string;
  organizationId: string;
  name: string;
  description: string;
  role: ServiceAccount['role'];
  createdAt: string;
  createdBy: string | null;
  disabledAt: string | null;
}

/** Deleted ones keep their row, for the tokens that name them; none of these finds them. */
export function createServiceAccountRepository({ db, dialect }: RepositoryContext) {
  const living = (organizationId: string) =>
    db
      .selectFrom('service_account')
      .selectAll()
      .where('organization_id', '=', organizationId)
      .where('deleted_at', 'is', null);

  return {
    /** False when a living one has the name: the unique index decides, not a read. */
    async insert(account: StoredServiceAccount): Promise<boolean> {
      const row = await db
        .insertInto('service_account')
        .values({
          id: account.id,
          organization_id: account.organizationId,
          name: account.name,
          description: account.description,
          role: account.role,
          created_at: account.createdAt,
          created_by: account.createdBy,
          disabled_at: account.disabledAt,
          deleted_at: null,
        })
        .onConflict((conflict) => conflict.doNothing())
        .returning('id')
        .executeTakeFirst();
      return row !== undefined;
    },

    /** Makes others that would change this account, or give it a token, wait for this transaction; read it afterwards. */
    async lock(id: string): Promise<void> {
      // SQLite has one writer anyway.
      if (dialect === 'postgres')
        await db.selectFrom('service_account').select('id').where('id', '=', id).forUpdate().execute();
    },

    async list(organizationId: string): Promise<StoredServiceAccount[]> {
      return (await living(organizationId).orderBy('name').execute()).map(toServiceAccount);
    },

    async find(organizationId: string, id: string): Promise<StoredServiceAccount | undefined> {
      const row = await living(organizationId).where('id', '=', id).executeTakeFirst();
      return row && toServiceAccount(row);
    },

    /** Names are never shaped like ids, so one never hides the other. */
    async findByIdOrName(organizationId: string, idOrName: string): Promise<StoredServiceAccount | undefined> {
      const row = await living(organizationId)
        .where(({ eb, or }) => or([eb('id', '=', idOrName), eb('name', '=', idOrName)]))
        .executeTakeFirst();
      return row && toServiceAccount(row);
    },

    async update(
      organizationId: string,
      id: string,
      change: { role?: Role; description?: string; disabledAt?: string | null },
    ): Promise<void> {
      await db
        .updateTable('service_account')
        .set({
          ...(change.role === undefined ? {} : { role: change.role }),
          ...(change.description === undefined ? {} : { description: change.description }),
          ...(change.disabledAt === undefined ? {} : { disabled_at: change.disabledAt }),
        })
        .where('organization_id', '=', organizationId)
        .where('id', '=', id)
        .where('deleted_at', 'is', null)
        .execute();
    },

    async markDeleted(organizationId: string, id: string, now: Date): Promise<void> {
      await db
        .updateTable('service_account')
        .set({ deleted_at: now.toISOString() })
        .where('organization_id', '=', organizationId)
        .where('id', '=', id)
        .where('deleted_at', 'is', null)
        .execute();
    },

    /** Tokens that are neither revoked nor over, by the id of their service account. */
    async countLiveTokens(organizationId: string, now: Date): Promise<Map<string, number>> {
      const instant = now.toISOString();
      const rows = await db
        .selectFrom('token')
        .select(({ fn }) => ['service_account_id', fn.countAll().as('count')])
        .where('organization_id', '=', organizationId)
        .where('service_account_id', 'is not', null)
        .where('revoked_at', 'is', null)
        .where(({ eb, or }) => or([eb('expires_at', 'is', null), eb('expires_at', '>', instant)]))
        .where(({ eb, or }) => or([eb('ends_at', 'is', null), eb('ends_at', '>', instant)]))
        .groupBy('service_account_id')
        .execute();
      return new Map(rows.map((row) => [row.service_account_id ?? '', Number(row.count)]));
    },
  };
}

function toServiceAccount(row: Selectable<Schema['service_account']>): StoredServiceAccount {
  return {
    id: row.id,
    organizationId: row.organization_id,
    name: row.name,
    description: row.description,
    role: row.role as StoredServiceAccount['role'],
    createdAt: row.created_at,
    createdBy: row.created_by,
    disabledAt: row.disabled_at,
  };
}
