import { CompiledQuery, type Kysely, type KyselyPlugin } from 'kysely';
import type { Schema } from '../db/schema.js';

/** The same database, and the statements about sessions that go to it. */
export function recorded(db: Kysely<Schema>): { db: Kysely<Schema>; statements: CompiledQuery[] } {
  const statements: CompiledQuery[] = [];
  const plugin: KyselyPlugin = {
    transformQuery: ({ node, queryId }) => {
      const statement = db.getExecutor().compileQuery(node, queryId);
      // It is told of what stands inside of statements too.
      if (/"session\w*"/.test(statement.sql)) statements.push(statement);
      return node;
    },
    transformResult: async ({ result }) => result,
  };
  return { db: db.withPlugin(plugin), statements };
}

/** What SQLite would do for it, step by step. */
export async function planOf(db: Kysely<Schema>, { sql, parameters }: CompiledQuery): Promise<string[]> {
  const { rows } = await db.executeQuery<{ detail: string }>(
    CompiledQuery.raw(`explain query plan ${sql}`, [...parameters]),
  );
  return rows.map(({ detail }) => detail);
}
