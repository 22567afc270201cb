import type { Kysely, Selectable } from 'kysely';
import { prepared } from '../db/prepared.js';
import type { Schema } from '../db/schema.js';

// How many sessions of an agent have ended, by deployment, end and start: what lists tell without counting them.

/** One more. Call it in the transaction that ends it. */
export const addToTally = prepared((db, { id }: { id: string }) =>
  db
    .insertInto('session_tally')
    .columns(['organization_id', 'agent_id', 'deployment_id', 'end_reason', 'cold_start', 'count'])
    .expression((eb) =>
      eb
        .selectFrom('session')
        .select(({ fn, lit, val }) => [
          'organization_id',
          'agent_id',
          'deployment_id',
          fn.coalesce('end_reason', val('unknown')).as('end_reason'),
          fn.coalesce('cold_start', lit(-1)).as('cold_start'),
          lit(1).as('count'),
        ])
        .where('id', '=', id),
    )
    .onConflict((conflict) =>
      conflict
        .columns(['agent_id', 'deployment_id', 'end_reason', 'cold_start'])
        .doUpdateSet((eb) => ({ count: eb('session_tally.count', '+', 1) })),
    ),
);

/** So many less. Call it in the transaction that removes them. */
export async function takeFromTally(
  db: Kysely<Schema>,
  removed: readonly Pick<Selectable<Schema['session']>, 'agent_id' | 'deployment_id' | 'end_reason' | 'cold_start'>[],
): Promise<void> {
  const alike = Map.groupBy(removed, (row) =>
    JSON.stringify([row.agent_id, row.deployment_id, row.end_reason, row.cold_start]),
  );
  for (const rows of alike.values()) {
    const [{ agent_id, deployment_id, end_reason, cold_start }] = rows as [(typeof removed)[number]];
    await db
      .updateTable('session_tally')
      .set((eb) => ({ count: eb('count', '-', rows.length) }))
      .where('agent_id', '=', agent_id)
      .where('deployment_id', '=', deployment_id)
      .where('end_reason', '=', end_reason ?? 'unknown')
      .where('cold_start', '=', cold_start ?? -1)
      .execute();
  }
  const agents = [...new Set(removed.map(({ agent_id }) => agent_id))];
  if (agents.length > 0)
    await db.deleteFrom('session_tally').where('agent_id', 'in', agents).where('count', '<=', 0).execute();
}
