import { sql } from 'kysely';
import type { RepositoryContext } from '../db/store.js';

export interface EnrolledWorker {
  id: string;
  name: string;
  region: string | null;
  organizationId: string | null;
  lastSeenAt: string | null;
}

/** Counts and facts of the installation as a whole: for whoever runs it. */
export function createInstallationRepository({ db, dialect }: RepositoryContext) {
  const counted = (rows: readonly { state: string; count: string | number | bigint }[]) =>
    new Map(rows.map(({ state, count }) => [state, Number(count)]));

  return {
    async openSessions(): Promise<Map<string, number>> {
      return counted(
        await db
          .selectFrom('session')
          .select((eb) => ['state', eb.fn.countAll().as('count')])
          .where('state', '<>', 'ended')
          .groupBy('state')
          .execute(),
      );
    },

    async slots(): Promise<Map<string, number>> {
      return counted(
        await db
          .selectFrom('slot')
          .select((eb) => ['state', eb.fn.countAll().as('count')])
          .groupBy('state')
          .execute(),
      );
    },

    /** Those that may connect. */
    async workers(): Promise<EnrolledWorker[]> {
      return await db
        .selectFrom('worker')
        .leftJoin('region', 'region.id', 'worker.region_id')
        .select([
          'worker.id',
          'worker.name',
          'region.code as region',
          'region.organization_id as organizationId',
          'worker.last_seen_at as lastSeenAt',
        ])
        .where('worker.revoked_at', 'is', null)
        .orderBy('worker.created_at')
        .execute();
    },

    /** The organization that the installation began with, or the oldest that is left. */
    async firstOrganization(): Promise<string | undefined> {
      const row = await db
        .selectFrom('organization')
        .select('id')
        .where('deleted_at', 'is', null)
        .orderBy('created_at')
        .orderBy('id')
        .limit(1)
        .executeTakeFirst();
      return row?.id;
    },

    async migrations(): Promise<string[]> {
      const { rows } = await sql<{ name: string }>`select name from kysely_migration order by name`.execute(db);
      return rows.map(({ name }) => name);
    },

    async version(): Promise<string | undefined> {
      const query =
        dialect === 'sqlite'
          ? sql<{ version: string }>`select sqlite_version() as version`
          : sql<{ version: string }>`select current_setting('server_version') as version`;
      return (await query.execute(db)).rows[0]?.version;
    },

    async bytes(): Promise<number | undefined> {
      const query =
        dialect === 'sqlite'
          ? sql<{ bytes: number }>`select page_count * page_size as bytes from pragma_page_count(), pragma_page_size()`
          : sql<{ bytes: number }>`select pg_database_size(current_database()) as bytes`;
      const bytes = (await query.execute(db)).rows[0]?.bytes;
      return bytes === undefined ? undefined : Number(bytes);
    },

    async uploadBytes(): Promise<number> {
      const row = await db
        .selectFrom('upload')
        .select((eb) => eb.fn.sum('size_bytes').as('bytes'))
        .executeTakeFirst();
      return Number(row?.bytes ?? 0);
    },
  };
}
