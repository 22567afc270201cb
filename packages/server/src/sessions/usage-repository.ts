import type { ResourceMetrics } from '@pipecat-cloud/contract/sessions';
import type { UsageSample } from '@pipecat-cloud/contract/worker';
import { inParts } from '../db/in-parts.js';
import type { RepositoryContext } from '../db/store.js';

export interface SampleOfSession extends UsageSample {
  sessionId: string;
}

/** Rows of one statement: each has four parameters. */
const rowsAtOnce = 200;

export function createUsageRepository({ db }: RepositoryContext) {
  return {
    /** Those of sessions that there are; one that comes twice counts once. */
    async add(samples: readonly SampleOfSession[]): Promise<void> {
      const ids = [...new Set(samples.map(({ sessionId }) => sessionId))];
      const known = new Set(
        await inParts(ids, async (part) =>
          (await db.selectFrom('session').select('id').where('id', 'in', part).execute()).map(({ id }) => id),
        ),
      );
      const rows = samples.filter(({ sessionId }) => known.has(sessionId));
      for (let at = 0; at < rows.length; at += rowsAtOnce) {
        await db
          .insertInto('session_usage')
          .values(rows.slice(at, at + rowsAtOnce).map(({ sessionId, t, c, m }) => ({ session_id: sessionId, t, c, m })))
          .onConflict((conflict) => conflict.doNothing())
          .execute();
      }
    },

    /** Ascending. */
    async samplesOf(sessionId: string): Promise<UsageSample[]> {
      const rows = await db
        .selectFrom('session_usage')
        .select(['t', 'c', 'm'])
        .where('session_id', '=', sessionId)
        .orderBy('t')
        .execute();
      return rows.map(({ t, c, m }) => ({ t: Number(t), c: Number(c), m: Number(m) }));
    },

    async metricsOf(sessionId: string): Promise<ResourceMetrics | undefined> {
      const row = await db
        .selectFrom('session_metrics')
        .select('metrics_json')
        .where('session_id', '=', sessionId)
        .executeTakeFirst();
      return row && (JSON.parse(row.metrics_json) as ResourceMetrics);
    },

    /** Sessions that ended before a time and still have single samples. */
    async endedWithSamples(before: Date, limit: number): Promise<string[]> {
      // Not a join: SQLite would begin with the sessions, and read as many as there ever were.
      const rows = await db
        .selectFrom(db.selectFrom('session_usage').select('session_id as id').distinct().as('sampled'))
        .select('sampled.id')
        .where(
          (eb) => eb.selectFrom('session').select('ended_at').whereRef('session.id', '=', 'sampled.id'),
          '<',
          before.toISOString(),
        )
        .limit(limit)
        .execute();
      return rows.map(({ id }) => id);
    },

    /**
     * Puts the metrics in the place of the samples. Of a session that has some they stay, and the samples go: those are a repetition, or
     * came too late. Call it in a transaction.
     */
    async replaceSamples(sessionId: string, metrics: ResourceMetrics): Promise<void> {
      await db
        .insertInto('session_metrics')
        .values({ session_id: sessionId, metrics_json: JSON.stringify(metrics) })
        .onConflict((conflict) => conflict.doNothing())
        .execute();
      await db.deleteFrom('session_usage').where('session_id', '=', sessionId).execute();
    },
  };
}
