import type { SessionTrace } from '@pipecat-cloud/contract/sessions';
import type { RepositoryContext } from '../db/store.js';

const rowsAtOnce = 400;

export function createTraceRepository({ db }: RepositoryContext) {
  return {
    /** Whole traces; a later one of the same session takes the place of the one before. */
    async save(traces: readonly SessionTrace[]): Promise<void> {
      for (let at = 0; at < traces.length; at += rowsAtOnce) {
        const rows = traces.slice(at, at + rowsAtOnce);
        await db
          .insertInto('session_trace')
          .values(rows.map((trace) => ({ session_id: trace.sessionId, trace_json: JSON.stringify(trace) })))
          .onConflict((conflict) =>
            conflict.column('session_id').doUpdateSet((eb) => ({ trace_json: eb.ref('excluded.trace_json') })),
          )
          .execute();
      }
    },

    async find(sessionId: string): Promise<SessionTrace | undefined> {
      const row = await db
        .selectFrom('session_trace')
        .select('trace_json')
        .where('session_id', '=', sessionId)
        .executeTakeFirst();
      return row && (JSON.parse(row.trace_json) as SessionTrace);
    },
  };
}
