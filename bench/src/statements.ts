import Database from 'better-sqlite3';

/** What a run of statements has asked of SQLite. Transactions' own `begin` and `commit` are in neither number. */
export interface StatementCount {
  reads: number;
  /** By statement text, each with how often it ran. */
  writes: Map<string, number>;
}

const transactionControl = /^\s*(begin|commit|rollback|savepoint|release)\b/i;

/**
 * Counts every statement that runs in this process, whoever opened the connection, from the driver's own `prepare` on. Connections
 * opened before are counted from their next new statement on, so begin before opening. `stop` gives the driver back as it was.
 */
export function countStatements() {
  const original = Database.prototype.prepare;
  let count: StatementCount = { reads: 0, writes: new Map() };

  function note({ readonly, source }: Database.Statement): void {
    if (transactionControl.test(source)) return;
    if (readonly) count.reads++;
    else count.writes.set(source, (count.writes.get(source) ?? 0) + 1);
  }
  Database.prototype.prepare = function prepare(this: Database.Database, text: string) {
    const statement = original.call(this, text);
    for (const method of ['run', 'get', 'all', 'iterate'] as const) {
      const run = statement[method] as (...values: unknown[]) => unknown;
      const counted = (...values: unknown[]) => {
        note(statement);
        return run.apply(statement, values);
      };
      Object.assign(statement, { [method]: counted });
    }
    return statement;
  } as typeof original;

  return {
    /** What ran since the last call, or since the start. */
    take(): StatementCount {
      const taken = count;
      count = { reads: 0, writes: new Map() };
      return taken;
    },
    stop(): void {
      Database.prototype.prepare = original;
    },
  };
}
