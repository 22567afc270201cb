import { setImmediate as breath } from 'node:timers/promises';
import type { EndState } from '@pipecat-cloud/contract/sessions';
import { type Selectable, type SelectQueryBuilder, sql } from 'kysely';
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

/** Entries of an index that one statement passes over: a few milliseconds in which SQLite lets this process do nothing else. */
const defaultEntriesAtOnce = 10_000;

const listed = [
  'id',
  'deployment_id',
  'state',
  'cold_start',
  'created_at',
  'start_ms',
  'ended_at',
  'end_reason',
  'completion_status',
  'end_detail',
  'updated_at',
] as const;
export type ListedRow = Pick<Selectable<Schema['session']>, (typeof listed)[number]>;

type Query<O> = SelectQueryBuilder<Schema, 'session', O>;
type Reasons = { in: readonly string[] } | { notIn: readonly string[] };
/** Where a session stands in the order of the lists. */
type Place = Pick<ListedRow, 'created_at' | 'id'>;

/**
 * Lists and counts of an agent's sessions that stay quick with a million of them: what is sifted stands in the indexes
 * `session_agent_listed` and `session_agent_end_state`, so that rows are read for the page alone, and ended sessions are counted in
 * `session_tally`. Where many have to be passed over, it is done part by part.
 */
export function createSessionListing(
  { db }: Pick<RepositoryContext, 'db'>,
  { entriesAtOnce = defaultEntriesAtOnce } = {},
) {
  /** Through the agent's own row, because the organization is not part of the index. */
  const agentOf = (organizationId: string, agentId: string) =>
    db.selectFrom('agent').select('id').where('organization_id', '=', organizationId).where('id', '=', agentId);

  /** What begins and ends a walk over an index: nothing that matches these is passed over. */
  function within(organizationId: string, agentId: string, filter: SessionFilter) {
    const { endState, from, to } = filter;
    let query = db
      .selectFrom('session')
      // By its value, or PostgreSQL would plan for an agent of average size.
      .where('agent_id', '=', agentId)
      .where(({ exists }) => exists(agentOf(organizationId, agentId)));
    if (isOpenOnly(filter)) query = query.where('state', '<>', 'ended');
    else if (endState !== undefined) query = query.where('end_state', '=', endState);
    if (from !== undefined) query = query.where('created_at', '>=', from);
    if (to !== undefined) query = query.where('created_at', '<=', to);
    return query;
  }

  function matching(organizationId: string, agentId: string, filter: SessionFilter) {
    const { deploymentId, coldStart, startMsOver, startMsUnder } = filter;
    let query = within(organizationId, agentId, filter);
    // Not by `end_state`, which would suit an index that is in another order.
    if (filter.status === 'ended' && filter.endState === undefined) query = query.where('state', '=', 'ended');
    if (deploymentId !== undefined) query = query.where('deployment_id', '=', deploymentId);
    if (coldStart !== undefined) query = query.where('cold_start', '=', Number(coldStart));
    if (startMsOver !== undefined) query = query.where('start_ms', '>', startMsOver);
    if (startMsUnder !== undefined) query = query.where('start_ms', '<', startMsUnder);
    return query;
  }

  /** The sessions that match, the newest first, in parts; other requests have their turn between two of them. */
  async function* matchingInParts(organizationId: string, agentId: string, filter: SessionFilter) {
    let before: Place | undefined;
    for (;;) {
      const rest = before ? { ...filter, to: undefined } : filter;
      const last: Place | undefined = await newestFirst(after(within(organizationId, agentId, rest), before))
        .select(['created_at', 'id'])
        .limit(1)
        .offset(entriesAtOnce - 1)
        .executeTakeFirst();
      // One bound on each side: of two, SQLite may take the one that is further away for the end of its walk.
      const bounded = last ? { ...rest, from: undefined } : rest;
      const part = after(matching(organizationId, agentId, bounded), before);
      yield last ? part.where(isAt(last, '>=')) : part;
      if (!last) return;
      before = last;
      await breath();
    }
  }

  async function countRows(query: Query<object>): Promise<number> {
    const row = await query.select((eb) => eb.fn.countAll().as('count')).executeTakeFirst();
    return Number(row?.count ?? 0);
  }

  async function countInParts(organizationId: string, agentId: string, filter: SessionFilter): Promise<number> {
    let count = 0;
    for await (const part of matchingInParts(organizationId, agentId, filter)) count += await countRows(part);
    return count;
  }

  async function readPage(query: Query<object>, { limit, offset }: SessionPage): Promise<ListedRow[]> {
    const found = newestFirst(query).limit(limit).offset(offset);
    if (offset === 0) return await found.select(listed).execute();
    // What is passed over is read from the index alone.
    const ids = found.select('id');
    return await newestFirst(db.selectFrom('session').where('id', 'in', ids))
      .select(listed)
      .execute();
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
      if (isOpenOnly(filter) || (!isSifted(filter) && offset + limit <= entriesAtOnce)) {
        return await readPage(matching(organizationId, agentId, filter), { limit, offset });
      }
      const found: ListedRow[] = [];
      let toPass = offset;
      for await (const part of matchingInParts(organizationId, agentId, filter)) {
        const count = toPass > 0 ? await countRows(part) : undefined;
        if (count === undefined || count > toPass) {
          found.push(...(await readPage(part, { limit: limit - found.length, offset: toPass })));
        }
        toPass = Math.max(0, toPass - (count ?? 0));
        if (found.length === limit) break;
      }
      return found;
    },

    /** How many match in all. Open sessions are counted by themselves: they are few, and not in the tally yet. */
    async count(organizationId: string, agentId: string, filter: SessionFilter): Promise<number> {
      if (matchesNothing(filter)) return 0;
      const open = () =>
        countRows(matching(organizationId, agentId, { ...filter, status: 'active', endState: undefined }));
      if (isOpenOnly(filter)) return await open();
      if (!isByTime(filter)) {
        const ended = await countTally(organizationId, agentId, filter);
        return isEndedOnly(filter) ? ended : ended + (await open());
      }
      if (filter.endState !== undefined || filter.status !== 'ended') {
        return await countInParts(organizationId, agentId, filter);
      }
      // The index that is in this order does not say which have ended.
      return (await countInParts(organizationId, agentId, { ...filter, status: undefined })) - (await open());
    },
  };
}

const newestFirst = <O>(query: Query<O>): Query<O> => query.orderBy('created_at', 'desc').orderBy('id', 'desc');
const isAt = ({ created_at, id }: Place, side: '<' | '>=') =>
  sql<boolean>`(created_at, id) ${sql.raw(side)} (${created_at}, ${id})`;
const after = (query: Query<object>, place: Place | undefined) => (place ? query.where(isAt(place, '<')) : query);
const isOpenOnly = ({ status, endState }: SessionFilter) => status === 'active' || endState === 'active';
const isEndedOnly = ({ status, endState }: SessionFilter) =>
  status === 'ended' || (endState !== undefined && endState !== 'active');
const matchesNothing = (filter: SessionFilter) =>
  (isOpenOnly(filter) && isEndedOnly(filter)) || (filter.deploymentId !== undefined && !isUuid(filter.deploymentId));
/** Whether an entry that is passed over may be none that matches. Of `ended` it may, but open sessions are few. */
const isSifted = ({ deploymentId, coldStart, startMsOver, startMsUnder }: SessionFilter) =>
  [deploymentId, coldStart, startMsOver, startMsUnder].some((sieve) => sieve !== undefined);
const isByTime = ({ from, to, startMsOver, startMsUnder }: SessionFilter) =>
  [from, to, startMsOver, startMsUnder].some((bound) => bound !== undefined);

function endReasons({ endState }: SessionFilter): Reasons | undefined {
  return endState === undefined || endState === 'active' ? undefined : reasonsOf(endState);
}
