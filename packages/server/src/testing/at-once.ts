import { sql } from 'kysely';
import { vi } from 'vitest';
import type { OpenDatabase } from '../db/open.js';
import type { Schema } from '../db/schema.js';

/**
 * Starts one piece of work after the other, each as far as it comes while all rows of a table are held, and lets them go on
 * together: so that they meet in the middle every time. Each must need such a row, or wait for one that does. On SQLite, where
 * one transaction waits for the other anyway, they are only started at once.
 */
export async function atOnce<T>(
  { db, dialect }: OpenDatabase,
  table: keyof Schema,
  work: readonly (() => Promise<T>)[],
): Promise<PromiseSettledResult<T>[]> {
  if (dialect === 'sqlite') return await Promise.allSettled(work.map((start) => start()));
  const running: Promise<T>[] = [];
  await db.transaction().execute(async (holder) => {
    await sql`lock table ${sql.table(table)} in exclusive mode`.execute(holder);
    for (const start of work) {
      const started = start();
      started.catch(() => {}); // Looked at below.
      running.push(started);
      await vi.waitFor(async () => {
        // Not by the holder: within a transaction this view stands still.
        const { rows } = await sql<{ count: number }>`
          select count(*) as count from pg_stat_activity
          where datname = current_database() and wait_event_type = 'Lock'`.execute(db);
        if (Number(rows[0]?.count) < running.length) throw new Error('Not all of them wait yet');
      });
    }
  });
  return await Promise.allSettled(running);
}
