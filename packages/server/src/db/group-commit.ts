import type { ControlledTransaction, Kysely } from 'kysely';
import type { Schema } from './schema.js';

/** A batch takes no more transactions after so long: reads wait for it. */
const longestMs = 20;

interface Part {
  run(inside: Kysely<Schema>): Promise<void>;
  committed(): void;
  failed(error: unknown): void;
}

/**
 * For SQLite, where one transaction runs at a time and each commit waits for the disk: transactions that are asked for at the same
 * moment share a commit, each in a savepoint of its own. One that fails takes nothing back but its own; nobody is told before the
 * commit.
 */
export function createGroupCommit(db: Kysely<Schema>) {
  const waiting: Part[] = [];
  let running = false;

  async function runBatch(): Promise<void> {
    const began = performance.now();
    const done: Part[] = [];
    let current: Part | undefined;
    try {
      const batch = await begin();
      try {
        for (current = waiting.shift(); current; current = next()) {
          const part = await batch.savepoint('part').execute();
          const error = await current.run(part).then(
            () => undefined,
            (cause: unknown) => ({ cause }),
          );
          if (error) await part.rollbackToSavepoint('part').execute();
          await part.releaseSavepoint('part').execute();
          if (error) current.failed(error.cause);
          else done.push(current);
        }
        await batch.commit().execute();
      } catch (error) {
        // The database may have rolled back by itself, as it does when the disk is full.
        await batch
          .rollback()
          .execute()
          .catch(() => undefined);
        throw error;
      }
    } catch (error) {
      for (const part of [...done, ...(current ? [current] : [])]) part.failed(error);
      return;
    }
    for (const part of done) part.committed();

    function next(): Part | undefined {
      return performance.now() - began < longestMs ? waiting.shift() : undefined;
    }
  }

  /** A database that lets none begin refuses all that wait: each on its own would wait as long again. */
  async function begin(): Promise<ControlledTransaction<Schema>> {
    try {
      return await db.startTransaction().execute();
    } catch (error) {
      for (const part of waiting.splice(0)) part.failed(error);
      throw error;
    }
  }

  async function run(): Promise<void> {
    while (waiting.length > 0) await runBatch();
    running = false;
  }

  /** Resolves once what `work` has written is on disk. */
  return <T>(work: (inside: Kysely<Schema>) => Promise<T>): Promise<T> =>
    new Promise((resolve, reject) => {
      let result: T;
      waiting.push({
        async run(inside) {
          result = await work(inside);
        },
        committed: () => resolve(result),
        failed: reject,
      });
      if (running) return;
      running = true;
      // What other requests of this turn ask for comes along.
      setImmediate(() => void run());
    });
}
