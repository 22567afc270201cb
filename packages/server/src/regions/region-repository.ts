import type { Architecture } from '@pipecat-cloud/contract/regions';
import type { Selectable } from 'kysely';
import type { Schema } from '../db/schema.js';
import type { RepositoryContext } from '../db/store.js';

/** An organization's own region. Absent members were never said. */
export interface StoredRegion {
  id: string;
  organizationId: string;
  code: string;
  displayName: string | null;
  workloadsNamespace: string | null;
  architectures: Architecture[] | null;
  defaultArchitecture: Architecture | null;
  wsPublicEndpoint: string | null;
}

/** What stands in the way of a region's end. */
export interface RegionUse {
  agents: string[];
  sessions: number;
  builds: number;
  secretSets: string[];
}

export function createRegionRepository({ db, dialect }: RepositoryContext) {
  const one = (organizationId: string, code: string) =>
    db.selectFrom('region').selectAll().where('organization_id', '=', organizationId).where('code', '=', code);

  return {
    async list(organizationId: string): Promise<StoredRegion[]> {
      const rows = await db
        .selectFrom('region')
        .selectAll()
        .where('organization_id', '=', organizationId)
        .orderBy('code')
        .execute();
      return rows.map(toRegion);
    },

    async find(organizationId: string, code: string): Promise<StoredRegion | undefined> {
      const row = await one(organizationId, code).executeTakeFirst();
      return row && toRegion(row);
    },

    /** As `find`; until the transaction ends nobody else changes or removes it. */
    async lock(organizationId: string, code: string): Promise<StoredRegion | undefined> {
      const row = await one(organizationId, code)
        // SQLite has one writer at a time and no such clause.
        .$if(dialect === 'postgres', (query) => query.forUpdate())
        .executeTakeFirst();
      return row && toRegion(row);
    },

    /** Whether it is there, and stays there until the transaction ends. Many may hold it at once. */
    async hold(organizationId: string, code: string): Promise<boolean> {
      const row = await one(organizationId, code)
        .$if(dialect === 'postgres', (query) => query.forShare())
        .executeTakeFirst();
      return row !== undefined;
    },

    /** The region of a token or a worker, which stays there until the transaction ends. */
    async holdById(id: string): Promise<StoredRegion | undefined> {
      const row = await db
        .selectFrom('region')
        .selectAll()
        .where('id', '=', id)
        .$if(dialect === 'postgres', (query) => query.forShare())
        .executeTakeFirst();
      return row && toRegion(row);
    },

    /** False when the organization has a region of that code. */
    async insert(region: StoredRegion, now: Date): Promise<boolean> {
      const row = await db
        .insertInto('region')
        .values({
          id: region.id,
          organization_id: region.organizationId,
          code: region.code,
          ...toColumns(region),
          created_at: now.toISOString(),
          updated_at: now.toISOString(),
        })
        .onConflict((conflict) => conflict.columns(['organization_id', 'code']).doNothing())
        .returning('id')
        .executeTakeFirst();
      return row !== undefined;
    },

    async update(region: StoredRegion, now: Date): Promise<void> {
      await db
        .updateTable('region')
        .set({ ...toColumns(region), updated_at: now.toISOString() })
        .where('organization_id', '=', region.organizationId)
        .where('id', '=', region.id)
        .execute();
    },

    async remove(organizationId: string, id: string): Promise<void> {
      await db.deleteFrom('region').where('organization_id', '=', organizationId).where('id', '=', id).execute();
    },

    async useOf(organizationId: string, code: string): Promise<RegionUse> {
      const agents = await db
        .selectFrom('agent')
        .select('name')
        .where('organization_id', '=', organizationId)
        .where('region', '=', code)
        .where('deleted_at', 'is', null)
        .orderBy('name')
        .execute();
      // Also of deleted agents: their sessions go on to their end.
      const sessions = await db
        .selectFrom('session')
        .innerJoin('agent', 'agent.id', 'session.agent_id')
        .select((eb) => eb.fn.countAll().as('count'))
        .where('session.organization_id', '=', organizationId)
        .where('session.state', '<>', 'ended')
        .where('agent.region', '=', code)
        .executeTakeFirstOrThrow();
      const builds = await db
        .selectFrom('build')
        .select((eb) => eb.fn.countAll().as('count'))
        .where('organization_id', '=', organizationId)
        .where('region', '=', code)
        .where('status', 'in', ['pending', 'building'])
        .executeTakeFirstOrThrow();
      const sets = await db
        .selectFrom('secret_set')
        .select('name')
        .where('organization_id', '=', organizationId)
        .where('region', '=', code)
        .orderBy('name')
        .execute();
      return {
        agents: agents.map(({ name }) => name),
        sessions: Number(sessions.count),
        builds: Number(builds.count),
        secretSets: sets.map(({ name }) => name),
      };
    },
  };
}

function toColumns(region: StoredRegion) {
  return {
    display_name: region.displayName,
    workloads_namespace: region.workloadsNamespace,
    architectures_json: region.architectures === null ? null : JSON.stringify(region.architectures),
    default_architecture: region.defaultArchitecture,
    ws_public_endpoint: region.wsPublicEndpoint,
  };
}

function toRegion(row: Selectable<Schema['region']>): StoredRegion {
  return {
    id: row.id,
    organizationId: row.organization_id,
    code: row.code,
    displayName: row.display_name,
    workloadsNamespace: row.workloads_namespace,
    architectures: row.architectures_json === null ? null : (JSON.parse(row.architectures_json) as Architecture[]),
    defaultArchitecture: row.default_architecture as Architecture | null,
    wsPublicEndpoint: row.ws_public_endpoint,
  };
}
