import { setImmediate as nextTurn } from 'node:timers/promises';
import { CompiledQuery, type ControlledTransaction, type Kysely } from 'kysely';
import type { Schema } from './schema.js';

/** A batch takes no more transactions after so long: reads wait for it. */
const longestMs = 20;

/** Not Kysely's own, which make their text and a transaction's object anew for each. */
const savepoint = {
  begin: CompiledQuery.raw('savepoint part'),
  takeBack: CompiledQuery.raw('rollback to part'),
  end: CompiledQuery.raw('release part'),
};

interface Part<Last> {
  /** Answers what is to be written at the end of the batch. */
  run(inside: Kysely<Schema>): Promise<Last>;
  committed(): void;
  failed(error: unknown): void;
}

interface GroupCommitOptions<Last> {
  /** Writes what the transactions of a batch have left for its end, once for all of them. */
  writeLast: (inside: Kysely<Schema>, left: Last[]) => Promise<void>;
}

export interface Turn {
  /** What others have begun and a caller waits for goes before what is only beginning: of many at once, the first are done early. */
  first?: boolean | undefined;
}

/**
 * For SQLite, where one transaction runs at a time and each commit waits for the disk: transactions that are asked for at the same
 * moment share a commit, each in a savepoint of its own. One that fails takes nothing back but its own; nobody is told before the
 * commit.
 */
export function createGroupCommit<Last>(db: Kysely<Schema>, { writeLast }: GroupCommitOptions<Last>) {
  const ahead: Part<Last>[] = [];
  const waiting: Part<Last>[] = [];
  let running = false;
  const take = () => ahead.shift() ?? waiting.shift();

  async function runBatch(): Promise<void> {
    const began = performance.now();
    const done: Part<Last>[] = [];
    const left: Last[] = [];
    let current: Part<Last> | undefined;
    try {
      const batch = await begin();
      try {
        for (current = take(); current; current = next()) {
          await batch.executeQuery(savepoint.begin);
          const ran = await current.run(batch).then(
            (last) => ({ last }),
            (cause: unknown) => ({ cause }),
          );
          if ('cause' in ran) await batch.executeQuery(savepoint.takeBack);
          await batch.executeQuery(savepoint.end);
          if ('cause' in ran) current.failed(ran.cause);
          else {
            done.push(current);
            left.push(ran.last);
          }
        }
        await writeLast(batch, left);
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

    function next(): Part<Last> | undefined {
      return performance.now() - began < longestMs ? take() : undefined;
    }
  }

  /** A database that lets none begin refuses all that wait: each on its own would wait as long again. */
  async function begin(): Promise<ControlledTransaction<Schema>> {
    try {
      return await db.startTransaction().execute();
    } catch (error) {
      for (const part of [...ahead.splice(0), ...waiting.splice(0)]) part.failed(error);
      throw error;
    }
  }

  async function run(): Promise<void> {
    while (ahead.length + waiting.length > 0) {
      await runBatch();
      // SQLite waits for nothing: without a pause no socket would be read before the last batch is through.
      await nextTurn();
    }
    running = false;
  }

  /** Resolves once what `work` has written is on disk. */
  return <T>(work: (inside: Kysely<Schema>) => Promise<{ result: T; last: Last }>, { first }: Turn = {}): Promise<T> =>
    new Promise((resolve, reject) => {
      let done: T;
      (first ? ahead : waiting).push({
        async run(inside) {
          const { result, last } = await work(inside);
          done = result;
          return last;
        },
        committed: () => resolve(done),
        failed: reject,
      });
      if (running) return;
      running = true;
      // What other requests of this turn ask for comes along.
      void nextTurn().then(run);
    });
}
