import { setTimeout as delay } from 'node:timers/promises';
import {
  CompiledQuery,
  type DatabaseConnection,
  type Driver,
  type QueryResult,
  SqliteAdapter,
  SqliteDialect,
  type SqliteDialectConfig,
} from 'kysely';

/** A lock of another program is waited for so long, by all who meet it; after that each is refused at once, until it is gone. */
const defaultPatienceMs = 10_000;
const pauseMs = 20;

/**
 * SQLite whose locks are waited for without holding up this process. The library's own wait would: no socket moves meanwhile, and
 * whoever is at the other end takes this process for dead. For a database with `busy_timeout = 0`.
 */
export class PatientSqliteDialect extends SqliteDialect {
  readonly #patienceMs: number;
  constructor(config: SqliteDialectConfig, { patienceMs = defaultPatienceMs } = {}) {
    super(config);
    this.#patienceMs = patienceMs;
  }
  override createAdapter(): SqliteAdapter {
    return new TransactionalDdlAdapter();
  }
  override createDriver(): Driver {
    // SQLite's has the savepoints that others may lack.
    return createPatientDriver(super.createDriver() as Required<Driver>, this.#patienceMs);
  }
}

/** SQLite takes back changes of the schema like any other. Without this word for it, migrations run outside of transactions. */
class TransactionalDdlAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true;
  }
}

function createPatientDriver(driver: Required<Driver>, patienceMs: number): Driver {
  let busySince: number | undefined;

  async function patiently<T>(isRead: boolean, work: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        const result = await work();
        // Reading goes well beside another program that writes.
        if (!isRead) busySince = undefined;
        return result;
      } catch (error) {
        if (!isBusy(error)) throw error;
        busySince ??= performance.now();
        if (performance.now() - busySince > patienceMs) throw error;
      }
      await delay(pauseMs);
    }
  }

  function patient(connection: DatabaseConnection): DatabaseConnection {
    return {
      executeQuery: <R>(...[query, options]: Parameters<DatabaseConnection['executeQuery']>) =>
        patiently<QueryResult<R>>(query.query.kind === 'SelectQueryNode', () =>
          connection.executeQuery(query, options),
        ),
      streamQuery: (...args) => connection.streamQuery(...args),
    };
  }

  let only: DatabaseConnection | undefined;
  return {
    init: (options) => driver.init(options),
    acquireConnection: async (options) => {
      only ??= patient(await driver.acquireConnection(options));
      return only;
    },
    // Every transaction writes. One that begins by reading may find that somebody has written since, and no waiting helps that.
    beginTransaction: async (connection) => {
      await connection.executeQuery(CompiledQuery.raw('begin immediate'));
    },
    commitTransaction: (connection) => driver.commitTransaction(connection),
    rollbackTransaction: async (connection) => {
      try {
        await driver.rollbackTransaction(connection);
      } catch (error) {
        // On a full disk SQLite has done so by itself; saying so would hide what was wrong.
        if (!/no transaction is active/.test((error as Error).message)) throw error;
      }
    },
    // A transaction that has begun holds the lock: none of these waits for anybody.
    savepoint: (...args) => driver.savepoint(...args),
    rollbackToSavepoint: (...args) => driver.rollbackToSavepoint(...args),
    releaseSavepoint: (...args) => driver.releaseSavepoint(...args),
    releaseConnection: async () => undefined,
    destroy: (options) => driver.destroy(options),
  };
}

/** Somebody else holds the lock. Not `SQLITE_BUSY_SNAPSHOT`, which lasts until the transaction is begun anew. */
function isBusy(error: unknown): boolean {
  const { code = '' } = error as { code?: string };
  return code.startsWith('SQLITE_BUSY') && code !== 'SQLITE_BUSY_SNAPSHOT';
}
