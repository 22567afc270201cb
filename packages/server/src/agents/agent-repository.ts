import { expressionBuilder, type Kysely, type Selectable } from 'kysely';
import { inParts } from '../db/in-parts.js';
import { prepared } from '../db/prepared.js';
import type { Schema } from '../db/schema.js';
import type { RepositoryContext } from '../db/store.js';

export interface Agent {
  id: string;
  organizationId: string;
  name: string;
  region: string;
  minAgents: number;
  maxAgents: number;
  /** An instance takes no more sessions than this; 1 is a new process each time, null is no limit. */
  reuseMaxSessions: number | null;
  /** An instance that holds more of its memory after a session takes no other; null is no limit. */
  reuseMaxMemoryPercent: number | null;
  websocketAuth: 'none' | 'token';
  desiredDeploymentId: string | null;
  liveDeploymentId: string | null;
  reconciledDeploymentId: string | null;
  /** Those that were live before, newest first, whose idle instances may still take sessions. */
  fallbackDeploymentIds: readonly string[];
  /** The share of new sessions that the desired deployment takes while it is a canary. */
  canaryPercent: number | null;
  /** Whether starts wait for the desired deployment. */
  startsHeld: boolean;
  createdAt: string;
  updatedAt: string;
  deletedAt: string | null;
}
export interface AgentFilter {
  region?: string | undefined;
  names?: string[] | undefined;
  limit: number;
  offset: number;
}
type Reuse = 'reuseMaxSessions' | 'reuseMaxMemoryPercent';
/** One that nothing is being rolled out of yet. */
export type NewAgent = Omit<Agent, 'fallbackDeploymentIds' | 'canaryPercent' | 'startsHeld' | Reuse> &
  Partial<Pick<Agent, Reuse>>;
export type AgentChange = Partial<
  Pick<
    Agent,
    | 'minAgents'
    | 'maxAgents'
    | 'reuseMaxSessions'
    | 'reuseMaxMemoryPercent'
    | 'websocketAuth'
    | 'desiredDeploymentId'
    | 'liveDeploymentId'
    | 'reconciledDeploymentId'
    | 'fallbackDeploymentIds'
    | 'canaryPercent'
    | 'startsHeld'
  >
>;

const { ref } = expressionBuilder<Schema, 'agent'>();
/**
 * What a list may be asked for. The database gives it by these names, so that nothing is made of a row but what is sent. Not as
 * texts with `as`, which would be parsed for each query.
 */
const columnOf = {
  id: 'id',
  name: 'name',
  region: 'region',
  minAgents: ref('min_agents').as('minAgents'),
  maxAgents: ref('max_agents').as('maxAgents'),
  desiredDeploymentId: ref('desired_deployment_id').as('desiredDeploymentId'),
  liveDeploymentId: ref('live_deployment_id').as('liveDeploymentId'),
  reconciledDeploymentId: ref('reconciled_deployment_id').as('reconciledDeploymentId'),
  canaryPercent: ref('canary_percent').as('canaryPercent'),
  createdAt: ref('created_at').as('createdAt'),
  updatedAt: ref('updated_at').as('updatedAt'),
} as const;
export type ListedMember = keyof typeof columnOf;

const ofOrganizationIn = (db: Kysely<Schema>, organizationId: string) =>
  db.selectFrom('agent').where('organization_id', '=', organizationId).where('deleted_at', 'is', null);

const byName = prepared((db, { organizationId, name }: { organizationId: string; name: string }) =>
  ofOrganizationIn(db, organizationId).selectAll().where('name', '=', name),
);

export function createAgentRepository({ db, dialect }: RepositoryContext) {
  const ofOrganization = (organizationId: string) => ofOrganizationIn(db, organizationId);
  const living = (organizationId: string) => ofOrganization(organizationId).selectAll();

  return {
    /** False when the name is taken: the unique index decides, not a read. */
    async insert(agent: NewAgent): Promise<boolean> {
      const row = await db
        .insertInto('agent')
        .values({
          id: agent.id,
          organization_id: agent.organizationId,
          name: agent.name,
          region: agent.region,
          min_agents: agent.minAgents,
          max_agents: agent.maxAgents,
          reuse_max_sessions: agent.reuseMaxSessions ?? null,
          reuse_max_memory_percent: agent.reuseMaxMemoryPercent ?? null,
          websocket_auth: agent.websocketAuth,
          desired_deployment_id: agent.desiredDeploymentId,
          live_deployment_id: agent.liveDeploymentId,
          reconciled_deployment_id: agent.reconciledDeploymentId,
          created_at: agent.createdAt,
          updated_at: agent.updatedAt,
          deleted_at: null,
        })
        .onConflict((conflict) => conflict.doNothing())
        .returning('id')
        .executeTakeFirst();
      return row !== undefined;
    },

    async find(organizationId: string, name: string): Promise<Agent | undefined> {
      // No agent has such a name, and PostgreSQL takes no NUL in a text.
      if (name.includes('\0')) return undefined;
      const { rows } = await byName(db, { organizationId, name });
      return rows[0] && toAgent(rows[0]);
    },

    /** The same, and no other transaction changes it before this one has ended. */
    async findToChange(organizationId: string, name: string): Promise<Agent | undefined> {
      if (name.includes('\0')) return undefined;
      const row = await living(organizationId)
        .where('name', '=', name)
        // Not `for update`, which would hold up every start: a session's row refers to this one.
        .$if(dialect === 'postgres', (query) => query.forNoKeyUpdate())
        .executeTakeFirst();
      return row && toAgent(row);
    },

    /** How many sessions it may have, which no other transaction changes before this one has ended; 0 for a deleted one. */
    async holdLimit(organizationId: string, agentId: string): Promise<number> {
      const row = await living(organizationId)
        .where('id', '=', agentId)
        .$if(dialect === 'postgres', (query) => query.forNoKeyUpdate())
        .executeTakeFirst();
      return row?.max_agents ?? 0;
    },

    /** How many sessions each of these may have, which nobody changes before this transaction has ended. Deleted ones are left out. */
    async holdLimits(ids: readonly string[]): Promise<Map<string, number>> {
      const rows = await inParts([...ids].sort(), (part) =>
        db
          .selectFrom('agent')
          .select(['id', 'max_agents'])
          .where('id', 'in', part)
          .where('deleted_at', 'is', null)
          .orderBy('id')
          // Starts refer to these rows and may go on.
          .$if(dialect === 'postgres', (query) => query.forShare())
          .execute(),
      );
      return new Map(rows.map((row) => [row.id, row.max_agents]));
    },

    /** Every one, for what concerns an organization as a whole. */
    async list(organizationId: string): Promise<Agent[]> {
      return (await living(organizationId).orderBy('name').execute()).map(toAgent);
    },

    /** These members of one page by name. `names` leaves only those. */
    async page<M extends ListedMember>(
      organizationId: string,
      { region, names, limit, offset }: AgentFilter,
      members: readonly M[],
    ): Promise<Pick<Agent, M>[]> {
      const rows: Pick<Agent, ListedMember>[] = await ofOrganization(organizationId)
        .select(members.map((member) => columnOf[member as ListedMember]))
        .$if(region !== undefined, (query) => query.where('region', '=', region as string))
        .$if(names !== undefined, (query) => query.where('name', 'in', names as string[]))
        .orderBy('name')
        .limit(limit)
        .offset(offset)
        .execute();
      return rows;
    },

    async update(organizationId: string, id: string, change: AgentChange, now: Date): Promise<void> {
      await db
        .updateTable('agent')
        .set({ ...toColumns(change), updated_at: now.toISOString() })
        .where('organization_id', '=', organizationId)
        .where('id', '=', id)
        .execute();
    },

    /** The same, if it still wants and runs the deployments that it did when it was read: false where a deploy or rollback came between. */
    async updateRollout(agent: Agent, change: AgentChange, now: Date): Promise<boolean> {
      const result = await db
        .updateTable('agent')
        .set({ ...toColumns(change), updated_at: now.toISOString() })
        .where('organization_id', '=', agent.organizationId)
        .where('id', '=', agent.id)
        .where('desired_deployment_id', 'is not distinct from', agent.desiredDeploymentId)
        .where('live_deployment_id', 'is not distinct from', agent.liveDeploymentId)
        .executeTakeFirst();
      return Number(result.numUpdatedRows) === 1;
    },

    async markDeleted(organizationId: string, id: string, now: Date): Promise<void> {
      await db
        .updateTable('agent')
        .set({ deleted_at: now.toISOString(), updated_at: now.toISOString() })
        .where('organization_id', '=', organizationId)
        .where('id', '=', id)
        .execute();
    },

    /** Those that live of these, whatever their organization: for the reconciler alone. */
    async listLiving(ids: readonly string[]): Promise<Agent[]> {
      const rows = await inParts(ids, (part) =>
        db.selectFrom('agent').selectAll().where('deleted_at', 'is', null).where('id', 'in', part).execute(),
      );
      return rows.map(toAgent);
    },
  };
}

function toColumns(change: AgentChange) {
  return {
    ...(change.minAgents === undefined ? {} : { min_agents: change.minAgents }),
    ...(change.maxAgents === undefined ? {} : { max_agents: change.maxAgents }),
    ...(change.reuseMaxSessions === undefined ? {} : { reuse_max_sessions: change.reuseMaxSessions }),
    ...(change.reuseMaxMemoryPercent === undefined ? {} : { reuse_max_memory_percent: change.reuseMaxMemoryPercent }),
    ...(change.websocketAuth === undefined ? {} : { websocket_auth: change.websocketAuth }),
    ...(change.desiredDeploymentId === undefined ? {} : { desired_deployment_id: change.desiredDeploymentId }),
    ...(change.liveDeploymentId === undefined ? {} : { live_deployment_id: change.liveDeploymentId }),
    ...(change.reconciledDeploymentId === undefined ? {} : { reconciled_deployment_id: change.reconciledDeploymentId }),
    ...(change.fallbackDeploymentIds === undefined
      ? {}
      : { fallback_deployments_json: JSON.stringify(change.fallbackDeploymentIds) }),
    ...(change.canaryPercent === undefined ? {} : { canary_percent: change.canaryPercent }),
    ...(change.startsHeld === undefined ? {} : { starts_held: change.startsHeld ? 1 : 0 }),
  };
}

function toAgent(row: Selectable<Schema['agent']>): Agent {
  return {
    id: row.id,
    organizationId: row.organization_id,
    name: row.name,
    region: row.region,
    minAgents: row.min_agents,
    maxAgents: row.max_agents,
    reuseMaxSessions: row.reuse_max_sessions,
    reuseMaxMemoryPercent: row.reuse_max_memory_percent,
    websocketAuth: row.websocket_auth as Agent['websocketAuth'],
    desiredDeploymentId: row.desired_deployment_id,
    liveDeploymentId: row.live_deployment_id,
    reconciledDeploymentId: row.reconciled_deployment_id,
    fallbackDeploymentIds: JSON.parse(row.fallback_deployments_json) as string[],
    canaryPercent: row.canary_percent,
    startsHeld: row.starts_held === 1,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    deletedAt: row.deleted_at,
  };
}
