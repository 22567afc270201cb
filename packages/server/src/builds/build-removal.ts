import type { RepositoryContext } from '../db/store.js';
import { neededDeployments } from '../deployments/needed-deployments.js';
import { openStatuses } from './build-row.js';

/** Both databases limit the parameters of a statement. */
const idsPerQuery = 200;

/** What is known of builds that nobody needs any more. */
export function createBuildRemoval({ db }: Pick<RepositoryContext, 'db'>) {
  const needed = () => neededDeployments(db).select('known.build_id').where('known.build_id', 'is not', null);

  return {
    /** Somebody wants it, so it stays for another while. False when it is removed already. */
    async touch(id: string, now: Date): Promise<boolean> {
      const { numUpdatedRows } = await db
        .updateTable('build')
        .set({ used_at: now.toISOString() })
        .where('id', '=', id)
        .where('removed_at', 'is', null)
        .executeTakeFirst();
      return numUpdatedRows > 0;
    },

    /** Marks ended builds that nobody needs: successful ones that nobody has wanted since `unused`, others that ended before `ended`. */
    async removeUnneeded({ unused, ended, now }: { unused: Date; ended: Date; now: Date }): Promise<void> {
      await db
        .updateTable('build')
        .set({ removed_at: now.toISOString() })
        .where('removed_at', 'is', null)
        .where('status', 'not in', openStatuses)
        .where((eb) =>
          eb.or([
            eb('status', '<>', 'success').and('updated_at', '<', ended.toISOString()),
            eb('status', '=', 'success')
              .and(eb.fn.coalesce('used_at', 'updated_at'), '<', unused.toISOString())
              .and('id', 'not in', needed()),
          ]),
        )
        .execute();
    },

    /** Lets go of logs and contexts that only removed builds have. The files themselves go with the expired uploads. */
    async clearRemoved(): Promise<void> {
      await db
        .deleteFrom('build_log')
        .where('build_id', 'in', db.selectFrom('build').select('id').where('removed_at', 'is not', null))
        .execute();
      await db
        .updateTable('upload')
        .set({ state: 'removed' })
        .where('state', '=', 'used')
        .where('id', 'in', db.selectFrom('build').select('upload_id').where('removed_at', 'is not', null))
        .where('id', 'not in', db.selectFrom('build').select('upload_id').where('removed_at', 'is', null))
        .execute();
    },

    /**
     * Of builds that a worker keeps, those that it should not: unknown, removed, ended without success, or another worker's now. With an
     * organization, those of others are unknown.
     */
    async unneededOf(ids: readonly string[], workerId: string, organizationId?: string): Promise<string[]> {
      const needed = new Set<string>();
      for (let start = 0; start < ids.length; start += idsPerQuery) {
        const rows = await db
          .selectFrom('build')
          .select('id')
          .where('id', 'in', ids.slice(start, start + idsPerQuery))
          .where('removed_at', 'is', null)
          .where((eb) =>
            eb.or([
              eb('status', '=', 'success'),
              eb('status', 'in', openStatuses).and(
                eb.or([eb('worker_id', 'is', null), eb('worker_id', '=', workerId)]),
              ),
            ]),
          )
          .$if(organizationId !== undefined, (query) => query.where('organization_id', '=', organizationId ?? ''))
          .execute();
        for (const { id } of rows) needed.add(id);
      }
      return ids.filter((id) => !needed.has(id));
    },

    /** Ends builds that nobody has made in time, and gives their ids. */
    async expire(before: Date, errorMessage: string, now: Date): Promise<string[]> {
      const at = now.toISOString();
      // Nothing is written where none is late, which is nearly always.
      const any = await db
        .selectFrom('build')
        .select('id')
        .where('status', 'in', openStatuses)
        .where('created_at', '<', before.toISOString())
        .limit(1)
        .executeTakeFirst();
      if (!any) return [];
      const rows = await db
        .updateTable('build')
        .set({ status: 'timeout', error_message: errorMessage, completed_at: at, updated_at: at })
        .where('status', 'in', openStatuses)
        .where('created_at', '<', before.toISOString())
        .returning('id')
        .execute();
      return rows.map(({ id }) => id);
    },
  };
}
