import { randomUUID } from 'node:crypto';
import { type Kysely, sql } from 'kysely';
import { inParts } from '../db/in-parts.js';
import { preparedInsert } from '../db/prepared.js';
import type { Schema } from '../db/schema.js';
import type { RepositoryContext } from '../db/store.js';

/** A stretch of time that an instance was warm; `endedAt` is null while it goes on. */
export interface Stretch {
  organizationId: string;
  agentId: string;
  kind: 'session' | 'idle';
  beganAt: string;
  endedAt: string | null;
}
export interface DayRow {
  organizationId: string;
  agentId: string;
  day: string;
  sessionMs: number;
  idleMs: number;
  sessions: number;
}

const insertStretch = preparedInsert('usage_stretch', [
  'id',
  'organization_id',
  'agent_id',
  'kind',
  'began_at',
  'ended_at',
]);

/**
 * Adds a stretch that has ended. Its days get it a moment later: a row that is only added is waited for by nobody, while a day's row
 * would make all starts of an agent wait for each other.
 */
export async function addStretch(db: Kysely<Schema>, stretch: Stretch & { endedAt: string }): Promise<void> {
  const { organizationId, agentId, kind, beganAt, endedAt } = stretch;
  const row = { id: randomUUID(), organization_id: organizationId, agent_id: agentId, kind };
  await insertStretch(db, [{ ...row, began_at: beganAt, ended_at: endedAt }]);
}

export function createUsageDayRepository({ db }: RepositoryContext) {
  return {
    add: (stretch: Stretch & { endedAt: string }): Promise<void> => addStretch(db, stretch),

    /** Whether there is any to take: at rest nothing is written. */
    async hasStretches(): Promise<boolean> {
      return (await db.selectFrom('usage_stretch').select('id').limit(1).executeTakeFirst()) !== undefined;
    },

    /** Some stretches, which are gone with it. Call it in a transaction that adds them to their days. */
    async take(limit: number): Promise<(Stretch & { endedAt: string })[]> {
      const rows = await db
        .deleteFrom('usage_stretch')
        .where('id', 'in', (eb) => eb.selectFrom('usage_stretch').select('id').orderBy('id').limit(limit))
        .returningAll()
        .execute();
      return rows.map((row) => ({
        organizationId: row.organization_id,
        agentId: row.agent_id,
        kind: row.kind,
        beganAt: row.began_at,
        endedAt: row.ended_at,
      }));
    },

    /** Adds to what the days have. In the order of their key, so that two that do so at once never wait for each other in a circle. */
    async addToDays(days: readonly DayRow[]): Promise<void> {
      const keyOf = ({ organizationId, day, agentId }: DayRow) => `${organizationId} ${day} ${agentId}`;
      for (const row of [...days].sort((a, b) => keyOf(a).localeCompare(keyOf(b)))) {
        await db
          .insertInto('usage_day')
          .values({
            organization_id: row.organizationId,
            agent_id: row.agentId,
            day: row.day,
            session_ms: row.sessionMs,
            idle_ms: row.idleMs,
            sessions: row.sessions,
          })
          .onConflict((conflict) =>
            conflict.columns(['organization_id', 'day', 'agent_id']).doUpdateSet({
              session_ms: sql`usage_day.session_ms + excluded.session_ms`,
              idle_ms: sql`usage_day.idle_ms + excluded.idle_ms`,
              sessions: sql`usage_day.sessions + excluded.sessions`,
            }),
          )
          .execute();
      }
    },

    async removeBefore(day: string): Promise<void> {
      const old = await db.selectFrom('usage_day').select('day').where('day', '<', day).limit(1).executeTakeFirst();
      if (!old) return;
      await db.deleteFrom('usage_day').where('day', '<', day).execute();
    },

    /**
     * Days from the first to the last, and the stretches that are in none yet: ended ones and those that go on. Read by one statement,
     * so that nothing is counted twice or not at all while it moves from one to the other.
     */
    async read(organizationId: string, from: string, to: string): Promise<{ days: DayRow[]; stretches: Stretch[] }> {
      const none = sql<string>`''`;
      const zero = sql<number>`0`;
      const rows = await db
        .selectFrom('usage_day')
        .select(['agent_id', sql<string>`'day'`.as('kind'), 'day as began_at', none.as('ended_at')])
        .select(['session_ms', 'idle_ms', 'sessions'])
        .where('organization_id', '=', organizationId)
        .where('day', '>=', from)
        .where('day', '<=', to)
        .unionAll((eb) =>
          eb
            .selectFrom('usage_stretch')
            .select(['agent_id', 'kind', 'began_at', 'ended_at'])
            .select([zero.as('session_ms'), zero.as('idle_ms'), zero.as('sessions')])
            .where('organization_id', '=', organizationId),
        )
        .unionAll((eb) =>
          eb
            .selectFrom('slot')
            .select(['agent_id', sql<string>`'idle'`.as('kind'), 'changed_at as began_at', none.as('ended_at')])
            .select([zero.as('session_ms'), zero.as('idle_ms'), zero.as('sessions')])
            .where('organization_id', '=', organizationId)
            .where('state', '=', 'ready'),
        )
        .unionAll((eb) =>
          eb
            .selectFrom('session')
            .select(['agent_id', sql<string>`'session'`.as('kind')])
            .select(sql<string>`coalesce(activated_at, '')`.as('began_at'))
            .select(none.as('ended_at'))
            .select([zero.as('session_ms'), zero.as('idle_ms'), zero.as('sessions')])
            // By agent and `<> 'ended'`, for which there is an index.
            .where('agent_id', 'in', (agents) =>
              agents.selectFrom('agent').select('id').where('organization_id', '=', organizationId),
            )
            .where('state', '<>', 'ended')
            .where('state', '=', 'active'),
        )
        .execute();
      const days = rows.filter(({ kind }) => kind === 'day');
      return {
        days: days.map((row) => ({
          organizationId,
          agentId: row.agent_id,
          day: row.began_at,
          sessionMs: Number(row.session_ms),
          idleMs: Number(row.idle_ms),
          sessions: Number(row.sessions),
        })),
        stretches: rows
          .filter(({ kind }) => kind !== 'day')
          .map((row) => ({
            organizationId,
            agentId: row.agent_id,
            kind: row.kind as Stretch['kind'],
            beganAt: row.began_at,
            endedAt: row.ended_at === '' ? null : row.ended_at,
          })),
      };
    },

    /** Those of the organization, deleted ones too. */
    async agentsOf(
      organizationId: string,
      ids: readonly string[],
    ): Promise<{ id: string; name: string; deleted: boolean }[]> {
      const rows = await inParts(ids, (part) =>
        db
          .selectFrom('agent')
          .select(['id', 'name', 'deleted_at'])
          .where('organization_id', '=', organizationId)
          .where('id', 'in', part)
          .execute(),
      );
      return rows.map(({ id, name, deleted_at }) => ({ id, name, deleted: deleted_at !== null }));
    },
  };
}
