import type { UsageSample } from '@pipecat-cloud/contract/worker';
import type { Selectable } from 'kysely';
import type { Schema } from '../db/schema.js';
import type { RepositoryContext } from '../db/store.js';

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
  endedAt: string | null;
  endReason: string | null;
  completionStatus: string | null;
  updatedAt: string;
}
export interface SessionFilter {
  limit: number;
  offset: number;
  status: 'active' | 'ended' | 'all';
  deploymentId?: string | undefined;
}
export interface SessionEnd {
  reason: string;
  completionStatus: string;
  at: string;
  /** Only from this state: what was read may have moved on meanwhile. */
  from?: Session['state'] | undefined;
}

export function createSessionRepository({ db }: RepositoryContext) {
  const ofAgent = (organizationId: string, agentId: string, filter: Pick<SessionFilter, 'status' | 'deploymentId'>) =>
    db
      .selectFrom('session')
      .where('organization_id', '=', organizationId)
      .where('agent_id', '=', agentId)
      .$if(filter.status === 'active', (query) => query.where('state', '<>', 'ended'))
      .$if(filter.status === 'ended', (query) => query.where('state', '=', 'ended'))
      .$if(filter.deploymentId !== undefined, (query) =>
        query.where('deployment_id', '=', filter.deploymentId as string),
      );

  return {
    async insert(session: Session): Promise<void> {
      await db
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
          cold_start: session.coldStart === null ? null : Number(session.coldStart),
          created_at: session.createdAt,
          updated_at: session.updatedAt,
        })
        .execute();
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

    /** Newest first. */
    async list(
      organizationId: string,
      agentId: string,
      filter: SessionFilter,
    ): Promise<{ sessions: Session[]; total: number }> {
      const rows = await ofAgent(organizationId, agentId, filter)
        .selectAll()
        .orderBy('created_at', 'desc')
        .orderBy('id')
        .limit(filter.limit)
        .offset(filter.offset)
        .execute();
      const { count } = await ofAgent(organizationId, agentId, filter)
        .select((eb) => eb.fn.countAll().as('count'))
        .executeTakeFirstOrThrow();
      return { sessions: rows.map(toSession), total: Number(count) };
    },

    async countOpen(organizationId: string): Promise<Map<string, number>> {
      const rows = await db
        .selectFrom('session')
        .select((eb) => ['agent_id', eb.fn.countAll().as('count')])
        .where('organization_id', '=', organizationId)
        .where('state', '<>', 'ended')
        .groupBy('agent_id')
        .execute();
      return new Map(rows.map((row) => [row.agent_id, Number(row.count)]));
    },

    /** False when the session has ended meanwhile. */
    async activate(id: string, epoch: number, now: Date): Promise<boolean> {
      const result = await db
        .updateTable('session')
        .set({ state: 'active', activated_at: now.toISOString(), updated_at: now.toISOString() })
        .where('id', '=', id)
        .where('epoch', '=', epoch)
        .where('state', '=', 'starting')
        .executeTakeFirst();
      return Number(result.numUpdatedRows) === 1;
    },

    /** An end is recorded once: a later one, whatever its reason, changes nothing and answers nothing. */
    async end(
      id: string,
      epoch: number,
      end: SessionEnd,
      now: Date,
    ): Promise<Pick<Session, 'organizationId' | 'activatedAt'> | undefined> {
      return await db
        .updateTable('session')
        .set({
          state: 'ended',
          ended_at: end.at,
          end_reason: end.reason,
          completion_status: end.completionStatus,
          updated_at: now.toISOString(),
        })
        .where('id', '=', id)
        .where('epoch', '=', epoch)
        .where('state', '<>', 'ended')
        .$if(end.from !== undefined, (query) => query.where('state', '=', end.from as string))
        .returning(['organization_id as organizationId', 'activated_at as activatedAt'])
        .executeTakeFirst();
    },

    /** Every open session of every organization: for the reconciler alone. */
    async listOpen(): Promise<Session[]> {
      return (await db.selectFrom('session').selectAll().where('state', '<>', 'ended').execute()).map(toSession);
    },

    async addUsage(sessionId: string, samples: readonly UsageSample[]): Promise<void> {
      if (samples.length === 0) return;
      await db
        .insertInto('session_usage')
        .values(samples.map(({ t, c, m }) => ({ session_id: sessionId, t, c, m })))
        .onConflict((conflict) => conflict.doNothing())
        .execute();
    },

    async listUsage(sessionId: string): Promise<UsageSample[]> {
      return await db
        .selectFrom('session_usage')
        .select(['t', 'c', 'm'])
        .where('session_id', '=', sessionId)
        .orderBy('t')
        .execute();
    },

    async exists(id: string): Promise<boolean> {
      return (await db.selectFrom('session').select('id').where('id', '=', id).executeTakeFirst()) !== undefined;
    },
  };
}

function toSession(row: Selectable<Schema['session']>): Session {
  return {
    id: row.id,
    organizationId: row.organization_id,
    agentId: row.agent_id,
    deploymentId: row.deployment_id,
    slotId: row.slot_id,
    instanceId: row.instance_id,
    epoch: row.epoch,
    state: row.state as Session['state'],
    entry: row.entry as Session['entry'],
    coldStart: row.cold_start === null ? null : row.cold_start === 1,
    createdAt: row.created_at,
    activatedAt: row.activated_at,
    endedAt: row.ended_at,
    endReason: row.end_reason,
    completionStatus: row.completion_status,
    updatedAt: row.updated_at,
  };
}
