import type { RepositoryContext } from '../db/store.js';

/** `position` orders the lines of one build and tells a repeated line. */
export interface BuildLogLine {
  position: number;
  text: string;
}

/** Both databases limit the parameters of a statement. */
const rowsPerInsert = 200;

export function createBuildLogRepository({ db }: Pick<RepositoryContext, 'db'>) {
  return {
    /** Lines that are there already stay as they are. */
    async insert(buildId: string, lines: readonly BuildLogLine[]): Promise<void> {
      for (let start = 0; start < lines.length; start += rowsPerInsert) {
        const rows = lines
          .slice(start, start + rowsPerInsert)
          .map(({ position, text }) => ({ build_id: buildId, position, text }));
        await db
          .insertInto('build_log')
          .values(rows)
          .onConflict((conflict) => conflict.doNothing())
          .execute();
      }
    },

    async count(buildId: string): Promise<number> {
      const { count } = await db
        .selectFrom('build_log')
        .select((eb) => eb.fn.countAll().as('count'))
        .where('build_id', '=', buildId)
        .executeTakeFirstOrThrow();
      return Number(count);
    },

    /** Positions that are kept, from `first` to `last`, both included. */
    async positions(buildId: string, first: number, last: number): Promise<Set<number>> {
      const rows = await db
        .selectFrom('build_log')
        .select('position')
        .where('build_id', '=', buildId)
        .where('position', '>=', first)
        .where('position', '<=', last)
        .execute();
      return new Set(rows.map(({ position }) => Number(position)));
    },

    /** Texts, first line first. */
    async list(buildId: string, { limit, offset }: { limit: number; offset: number }): Promise<string[]> {
      const rows = await db
        .selectFrom('build_log')
        .select('text')
        .where('build_id', '=', buildId)
        .orderBy('position')
        .limit(limit)
        .offset(offset)
        .execute();
      return rows.map(({ text }) => text);
    },
  };
}
