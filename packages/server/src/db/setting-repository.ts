import type { RepositoryContext } from './store.js';

/** Facts of the installation that are no configuration: its id, that its first boot is done. */
export function createSettingRepository({ db }: RepositoryContext) {
  return {
    async find(name: string): Promise<string | undefined> {
      const row = await db.selectFrom('setting').select('value').where('name', '=', name).executeTakeFirst();
      return row?.value;
    },
    /** False when the setting was there already: of two processes that start at once, one wins. */
    async add(name: string, value: string): Promise<boolean> {
      const row = await db
        .insertInto('setting')
        .values({ name, value })
        .onConflict((conflict) => conflict.doNothing())
        .returning('name')
        .executeTakeFirst();
      return row !== undefined;
    },
    /** Whatever it was before. */
    async put(name: string, value: string): Promise<void> {
      await db
        .insertInto('setting')
        .values({ name, value })
        .onConflict((conflict) => conflict.column('name').doUpdateSet({ value }))
        .execute();
    },
  };
}
