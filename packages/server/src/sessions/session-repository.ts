import type { EndState } from '@pipecat-cloud/contract/sessions';
import { type Kysely, type Selectable, sql } from 'kysely';
import { prepared } from '../db/prepared.js';
import type { Schema } from '../db/schema.js';
import type { RepositoryContext } from '../db/store.js';
import { endStateOf } from './end-states.js';
import { createSessionListing, type ListedRow, type SessionFilter, type SessionPage } from './session-listing.js';
import { addToTally } from './session-tally.js';

export interface Session {
  id: string;
  organizationId: string;
  agentId: string;
  deploymentId: string;
  slotId: string | null;
  instanceId: string | null;
  epoch: number;
  state: 'starting' | 'active' | 'ended';
  entry: 'bot' | 'socket';
  coldStart: boolean | null;
  createdAt: string;
  activatedAt: string | null;
  /** From its creation to its activation, in milliseconds. */
  startMs: number | null;
  endedAt: string | null;
  endReason: string | null;
  /** `active` until it has ended. */
  endState: EndState;
  completionStatus: string | null;
  /** How its instance ended, where that ended the session. */
  endDetail: string | null;
  updatedAt: string;
}
/** What a list says of a session. */
export type ListedSession = Omit<Session, 'slotId' | 'instanceId' | 'epoch' | 'entry' | 'activatedAt'>;
export interface SessionEnd {
  reason: string;
  completionStatus: string;
  detail?: string | undefined;
  /** As `Date` writes it. Where the session began later it ended as it began. */
  at: string;
  /** Only from this state: what was read may have moved on meanwhile. */
  from?: Session['state'] | undefined;
}

type NewSession = Omit<Session, 'startMs' | 'endState' | 'endDetail'>;

const insertNew = prepared((db, session: Omit<NewSession, 'coldStart'> & { coldStart: number | null }) =>
  db
    .insertInto('session')
    .values({
      id: session.id,
      organization_id: session.organizationId,
      agent_id: session.agentId,
      deployment_id: session.deploymentId,
      slot_id: session.slotId,
      instance_id: session.instanceId,
      epoch: session.epoch,
      state: session.state,
      entry: session.entry,
      cold_start: session.coldStart,
      created_at: session.createdAt,
      updated_at: session.updatedAt,
    })
    .onConflict((conflict) => conflict.column('id').doNothing()),
);

const setActive = prepared(
  (db, { id, epoch, at, startMs }: { id: string; epoch: number; at: string; startMs: number }) =>
    db
      .updateTable('session')
      .set({ state: 'active', activated_at: at, start_ms: startMs, updated_at: at })
      .where('id', '=', id)
      .where('epoch', '=', epoch)
      .where('state', '=', 'starting'),
);

interface Ended {
  id: string;
  epoch: number;
  reason: string;
  endState: EndState;
  completionStatus: string;
  detail: string | null;
  at: string;
  now: string;
}
const endedIn = (db: Kysely<Schema>, { id, epoch, reason, endState, completionStatus, detail, at, now }: Ended) =>
  db
    .updateTable('session')
    .set(({ case: choose, fn }) => {
      const began = fn.coalesce('activated_at', 'created_at');
      return {
        state: 'ended',
        ended_at: choose().when(began, '>', at).then(began).else(at).end(),
        end_reason: reason,
        end_state: endState,
        completion_status: completionStatus,
        end_detail: detail,
        updated_at: now,
      };
    })
    .where('id', '=', id)
    .where('epoch', '=', epoch)
    .where('state', '<>', 'ended')
    .returning([
      'organization_id as organizationId',
      'agent_id as agentId',
      'deployment_id as deploymentId',
      'activated_at as activatedAt',
      sql<string>`ended_at`.as('endedAt'),
    ]);
const setEnded = prepared(endedIn);
const setEndedFrom = prepared((db, ended: Ended & { from: Session['state'] }) =>
  endedIn(db, ended).where('state', '=', ended.from),
);

export function createSessionRepository({ db }: RepositoryContext) {
  const listing = createSessionListing({ db });

  return {
    /** False where there is one of that id. */
    async insert(session: NewSession): Promise<boolean> {
      const coldStart = session.coldStart === null ? null : Number(session.coldStart);
      const { numAffectedRows } = await insertNew(db, { ...session, coldStart });
      return Number(numAffectedRows) === 1;
    },

    async find(organizationId: string, agentId: string, id: string): Promise<Session | undefined> {
      const row = await db
        .selectFrom('session')
        .selectAll()
        .where('organization_id', '=', organizationId)
        .where('agent_id', '=', agentId)
        .where('id', '=', id)
        .executeTakeFirst();
      return row && toSession(row);
    },

    /** One that goes on although its agent, which had that name, is deleted (contract §11.6). */
    async findOfDeleted(organizationId: string, agentName: string, id: string): Promise<Session | undefined> {
      const row = await db
        .selectFrom('session')
        .innerJoin('agent', 'agent.id', 'session.agent_id')
        .selectAll('session')
        .where('session.id', '=', id)
        .where('session.organization_id', '=', organizationId)
        .where('session.state', '<>', 'ended')
        .where('agent.name', '=', agentName)
        .where('agent.deleted_at', 'is not', null)
        .executeTakeFirst();
      return row && toSession(row);
    },

    /** One page, newest first, and how many match in all. */
    async list(
      organizationId: string,
      agentId: string,
      filter: SessionFilter,
      page: SessionPage,
    ): Promise<{ sessions: ListedSession[]; total: number }> {
      const rows = await listing.page(organizationId, agentId, filter, page);
      const sessions = rows.map((row) => toListed(row, organizationId, agentId));
      return { sessions, total: await listing.count(organizationId, agentId, filter) };
    },

    /** How many sessions of an agent have not ended. */
    countOpen: (organizationId: string, agentId: string): Promise<number> =>
      listing.count(organizationId, agentId, { status: 'active' }),

    /** How long the last twenty sessions of an agent that had begun took, on average; undefined before the first. */
    async meanSeconds(organizationId: string, agentId: string): Promise<number | undefined> {
      const rows = await db
        .selectFrom('session')
        .select(['activated_at', 'ended_at'])
        .where('organization_id', '=', organizationId)
        .where('agent_id', '=', agentId)
        .where('state', '=', 'ended')
        .where('activated_at', 'is not', null)
        .orderBy('created_at', 'desc')
        .limit(20)
        .execute();
      const seconds = rows.map((row) => (Date.parse(row.ended_at ?? '') - Date.parse(row.activated_at ?? '')) / 1000);
      return seconds.length === 0 ? undefined : seconds.reduce((sum, one) => sum + one, 0) / seconds.length;
    },

    /** False when the session has ended meanwhile. */
    async activate(id: string, epoch: number, now: Date, startMs: number): Promise<boolean> {
      const { numAffectedRows } = await setActive(db, { id, epoch, at: now.toISOString(), startMs });
      return Number(numAffectedRows) === 1;
    },

    /**
     * An end is recorded once: a later one, whatever its reason, changes nothing and answers nothing. `endedAt` is what was recorded.
     * Call it in a transaction.
     */
    async end(
      id: string,
      epoch: number,
      end: SessionEnd,
      now: Date,
    ): Promise<
      (Pick<Session, 'organizationId' | 'agentId' | 'deploymentId' | 'activatedAt'> & { endedAt: string }) | undefined
    > {
      const { reason, completionStatus, detail = null, at, from } = end;
      const endState = endStateOf(reason);
      const values = { id, epoch, reason, completionStatus, detail, at, endState, now: now.toISOString() };
      const { rows } = await (from === undefined ? setEnded(db, values) : setEndedFrom(db, { ...values, from }));
      const [ended] = rows;
      if (ended) await addToTally(db, { id });
      return ended;
    },

    /** Every open session of every organization: for the reconciler alone. */
    async listOpen(): Promise<Session[]> {
      return (await db.selectFrom('session').selectAll().where('state', '<>', 'ended').execute()).map(toSession);
    },

    async exists(id: string): Promise<boolean> {
      return (await db.selectFrom('session').select('id').where('id', '=', id).executeTakeFirst()) !== undefined;
    },
  };
}

function toListed(row: ListedRow, organizationId: string, agentId: string): ListedSession {
  return {
    id: row.id,
    organizationId,
    agentId,
    deploymentId: row.deployment_id,
    state: row.state as Session['state'],
    coldStart: row.cold_start === null ? null : row.cold_start === 1,
    createdAt: row.created_at,
    startMs: row.start_ms,
    endedAt: row.ended_at,
    endReason: row.end_reason,
    endState: row.state === 'ended' ? endStateOf(row.end_reason ?? '') : 'active',
    completionStatus: row.completion_status,
    endDetail: row.end_detail,
    updatedAt: row.updated_at,
  };
}

function toSession(row: Selectable<Schema['session']>): Session {
  return {
    ...toListed(row, row.organization_id, row.agent_id),
    activatedAt: row.activated_at,
    slotId: row.slot_id,
    instanceId: row.instance_id,
    epoch: row.epoch,
    entry: row.entry as Session['entry'],
  };
}
