import type { Compilable, CompiledQuery, Insertable, Kysely, QueryResult } from 'kysely';
import type { Schema } from './schema.js';

/** Stands in a query for what comes with each run of it. */
class Parameter<Values> {
  readonly of: (values: Values) => unknown;
  constructor(of: (values: Values) => unknown) {
    this.of = of;
  }
}

/** Looks like the values; whoever reads one of them gets what stands for it. */
function places<Values extends object>(): Values {
  const get = (_: object, name: string | symbol) => new Parameter((values: Values) => values[name as keyof Values]);
  return new Proxy({}, { get }) as Values;
}

/**
 * A query whose text is made at its first run. Made anew for each it takes several times as long as SQLite's answer: this is for what
 * every start of a session asks. `build` cannot look at the values, so the text is the same whatever they are.
 */
export function prepared<Values extends object, Row>(
  build: (db: Kysely<Schema>, values: Values) => Compilable<Row>,
): (db: Kysely<Schema>, values: Values) => Promise<QueryResult<Row>> {
  // Of each database its own: dialects write differently. Transactions share that of their database.
  const compiled = new WeakMap<object, CompiledQuery<Row>>();
  return (db, values) => {
    const { adapter } = db.getExecutor();
    let query = compiled.get(adapter);
    if (!query) {
      query = build(db, places<Values>()).compile();
      compiled.set(adapter, query);
    }
    const parameters = query.parameters.map((one) => (one instanceof Parameter ? one.of(values) : one));
    return db.executeQuery({ ...query, parameters });
  };
}

/** Rows that go into one statement, most first: each has its own text, and any number is made up of a few of them. */
const rowCounts = [64, 16, 4, 1] as const;

/** Inserts any number of rows of the same columns, by prepared queries. */
export function preparedInsert<Table extends keyof Schema, Column extends keyof Insertable<Schema[Table]> & string>(
  table: Table,
  columns: readonly Column[],
): (db: Kysely<Schema>, rows: readonly Pick<Insertable<Schema[Table]>, Column>[]) => Promise<void> {
  type Row = Pick<Insertable<Schema[Table]>, Column>;
  const rowOf = (index: number) =>
    Object.fromEntries(
      columns.map((column) => [column, new Parameter((rows: readonly Row[]) => rows[index]?.[column])]),
    ) as Insertable<Schema[Table]>;
  const inserts = rowCounts.map((count) => ({
    count,
    insert: prepared((db, _: readonly Row[]) =>
      db.insertInto(table).values(Array.from({ length: count }, (_, index) => rowOf(index))),
    ),
  }));
  return async (db, rows) => {
    let at = 0;
    for (const { count, insert } of inserts) {
      for (; rows.length - at >= count; at += count) await insert(db, rows.slice(at, at + count));
    }
  };
}
