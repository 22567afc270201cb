import type { NotificationKind } from '@pipecat-cloud/contract/notifications';
import type { Selectable } from 'kysely';
import type { Schema } from '../db/schema.js';
import type { RepositoryContext } from '../db/store.js';

export interface StoredWebhook {
  id: string;
  url: string;
  kinds: readonly NotificationKind[];
  /** The secret, by the secret box. */
  sealed: string;
  createdAt: string;
  createdBy: string | null;
}

export function createWebhookRepository({ db, dialect }: RepositoryContext) {
  return {
    /** Oldest first. */
    async list(organizationId: string): Promise<StoredWebhook[]> {
      const rows = await db
        .selectFrom('webhook')
        .selectAll()
        .where('organization_id', '=', organizationId)
        .orderBy('created_at')
        .orderBy('id')
        .execute();
      return rows.map(toWebhook);
    },

    async find(organizationId: string, id: string): Promise<StoredWebhook | undefined> {
      const row = await db
        .selectFrom('webhook')
        .selectAll()
        .where('organization_id', '=', organizationId)
        .where('id', '=', id)
        .executeTakeFirst();
      return row && toWebhook(row);
    },

    /** Callers in transactions that insert afterwards are let in one at a time per organization. */
    async count(organizationId: string): Promise<number> {
      // SQLite has one writer anyway; on PostgreSQL two creators would both count before either inserts.
      if (dialect === 'postgres') {
        await db.selectFrom('organization').select('id').where('id', '=', organizationId).forUpdate().execute();
      }
      const row = await db
        .selectFrom('webhook')
        .select(({ fn }) => fn.countAll().as('count'))
        .where('organization_id', '=', organizationId)
        .executeTakeFirstOrThrow();
      return Number(row.count);
    },

    async insert(organizationId: string, webhook: StoredWebhook): Promise<void> {
      await db
        .insertInto('webhook')
        .values({
          id: webhook.id,
          organization_id: organizationId,
          url: webhook.url,
          kinds_json: JSON.stringify(webhook.kinds),
          sealed: webhook.sealed,
          created_at: webhook.createdAt,
          created_by: webhook.createdBy,
        })
        .execute();
    },

    /** With its deliveries. False when it was not there. */
    async remove(organizationId: string, id: string): Promise<boolean> {
      const row = await db
        .deleteFrom('webhook')
        .where('organization_id', '=', organizationId)
        .where('id', '=', id)
        .returning('id')
        .executeTakeFirst();
      return row !== undefined;
    },
  };
}

function toWebhook(row: Selectable<Schema['webhook']>): StoredWebhook {
  return {
    id: row.id,
    url: row.url,
    kinds: JSON.parse(row.kinds_json) as NotificationKind[],
    sealed: row.sealed,
    createdAt: row.created_at,
    createdBy: row.created_by,
  };
}
