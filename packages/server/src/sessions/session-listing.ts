import type { EndState } from '@pipecat-cloud/contract/sessions';
import type { Selectable, SelectQueryBuilder } from 'kysely';
import type { Schema } from '../db/schema.js';
import type { RepositoryContext } from '../db/store.js';
import { isUuid } from '../uuid.js';
import { reasonsOf } from './end-states.js';

export interface SessionFilter {
  deploymentId?: string | undefined;
  status?: 'active' | 'ended' | undefined;
  coldStart?: boolean | undefined;
  endState?: EndState | undefined;
  /** Created at this time or later, or before; both included. */
  from?: string | undefined;
  to?: string | undefined;
  /** From request to bot, in milliseconds, both excluded. */
  startMsOver?: number | undefined;
  startMsUnder?: number | undefined;
}
export interface SessionPage {
  limit: number;
  offset: number;
}

const listed = [
  'id',
  'organization_id',
  'agent_id',
  'deployment_id',
  'state',
  'cold_start',
  'created_at',
  'activated_at',
  'start_ms',
  'ended_at',
  'end_reason',
  'completion_status',
  'updated_at',
] as const;
export type ListedRow = Pick<Selectable<Schema['session']>, (typeof listed)[number]>;

type Query<O> = SelectQueryBuilder<Schema, 'session', O>;
type Reasons = { in: readonly string[] } | { notIn: readonly string[] };

/**
 * Lists and counts of an agent's sessions that stay quick with a million of them: what is sifted stands in the index
 * `session_agent_listed`, so that rows are read for the page alone, and ended sessions are counted in `session_tally` as they end.
 */
export function createSessionListing({ db }: Pick<RepositoryContext, 'db'>) {
  /** Through the agent's own row, because the organization is not part of the index. */
  const agentOf = (organizationId: string, agentId: string) =>
    db.selectFrom('agent').select('id').where('organization_id', '=', organizationId).where('id', '=', agentId);

  function matching(organizationId: string, agentId: string, filter: SessionFilter) {
    const { deploymentId, coldStart, from, to, startMsOver, startMsUnder } = filter;
    let query = db
      .selectFrom('session')
      // By its value, or PostgreSQL would plan for an agent of average size.
      .where('agent_id', '=', agentId)
      .where(({ exists }) => exists(agentOf(organizationId, agentId)));
    if (isOpenOnly(filter)) query = query.where('state', '<>', 'ended');
    // Every ended session has a reason, and no other has one: the reason stands in the index, the state does not.
    if (filter.status === 'ended') query = query.where('end_reason', 'is not', null);
    const reasons = endReasons(filter);
    if (reasons && 'in' in reasons) query = query.where('end_reason', 'in', reasons.in);
    if (reasons && 'notIn' in reasons) query = query.where('end_reason', 'not in', reasons.notIn);
    if (deploymentId !== undefined) query = query.where('deployment_id', '=', deploymentId);
    if (coldStart !== undefined) query = query.where('cold_start', '=', Number(coldStart));
    if (from !== undefined) query = query.where('created_at', '>=', from);
    if (to !== undefined) query = query.where('created_at', '<=', to);
    if (startMsOver !== undefined) query = query.where('start_ms', '>', startMsOver);
    if (startMsUnder !== undefined) query = query.where('start_ms', '<', startMsUnder);
    return query;
  }

  async function countRows(query: Query<object>): Promise<number> {
    const row = await query.select((eb) => eb.fn.countAll().as('count')).executeTakeFirst();
    return Number(row?.count ?? 0);
  }

  async function countTally(organizationId: string, agentId: string, filter: SessionFilter): Promise<number> {
    const { deploymentId, coldStart } = filter;
    let query = db
      .selectFrom('session_tally')
      .select((eb) => eb.fn.sum('count').as('count'))
      .where('organization_id', '=', organizationId)
      .where('agent_id', '=', agentId);
    const reasons = endReasons(filter);
    if (reasons && 'in' in reasons) query = query.where('end_reason', 'in', reasons.in);
    if (reasons && 'notIn' in reasons) query = query.where('end_reason', 'not in', reasons.notIn);
    if (deploymentId !== undefined) query = query.where('deployment_id', '=', deploymentId);
    if (coldStart !== undefined) query = query.where('cold_start', '=', Number(coldStart));
    const row = await query.executeTakeFirst();
    return Number(row?.count ?? 0);
  }

  return {
    /** One page, the newest session first. */
    async page(
      organizationId: string,
      agentId: string,
      filter: SessionFilter,
      { limit, offset }: SessionPage,
    ): Promise<ListedRow[]> {
      if (limit === 0 || matchesNothing(filter)) return [];
      const found = newestFirst(matching(organizationId, agentId, filter))
        .limit(limit)
        .offset(offset);
      if (offset === 0) return await found.select(listed).execute();
      // What is passed over is read from the index alone.
      const ids = found.select('id');
      return await newestFirst(db.selectFrom('session').where('id', 'in', ids))
        .select(listed)
        .execute();
    },

    /** How many match in all. Open sessions are counted by themselves: they are few, and not in the tally yet. */
    async count(organizationId: string, agentId: string, filter: SessionFilter): Promise<number> {
      if (matchesNothing(filter)) return 0;
      if (isOpenOnly(filter)) return await countRows(matching(organizationId, agentId, filter));
      if (isByTime(filter)) return await countRows(matching(organizationId, agentId, filter));
      const ended = await countTally(organizationId, agentId, filter);
      if (isEndedOnly(filter)) return ended;
      return ended + (await countRows(matching(organizationId, agentId, { ...filter, status: 'active' })));
    },

    /** One more ended session. Call it in the transaction that ends it. */
    async tally(id: string): Promise<void> {
      await db
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
        )
        .execute();
    },
  };
}

const newestFirst = <O>(query: Query<O>): Query<O> => query.orderBy('created_at', 'desc').orderBy('id', 'desc');
const isOpenOnly = ({ status, endState }: SessionFilter) => status === 'active' || endState === 'active';
const isEndedOnly = ({ status, endState }: SessionFilter) =>
  status === 'ended' || (endState !== undefined && endState !== 'active');
const matchesNothing = (filter: SessionFilter) =>
  (isOpenOnly(filter) && isEndedOnly(filter)) || (filter.deploymentId !== undefined && !isUuid(filter.deploymentId));
const isByTime = ({ from, to, startMsOver, startMsUnder }: SessionFilter) =>
  [from, to, startMsOver, startMsUnder].some((bound) => bound !== undefined);

function endReasons({ endState }: SessionFilter): Reasons | undefined {
  return endState === undefined || endState === 'active' ? undefined : reasonsOf(endState);
}
