import type { Selectable } from 'kysely';
import type { Schema } from '../db/schema.js';
import type { RepositoryContext } from '../db/store.js';

export interface SecretSet {
  id: string;
  organizationId: string;
  name: string;
  type: 'secret' | 'imagePullSecret';
  region: string;
  /** Pull secrets only: the registry, with a slash at its end. */
  host: string | null;
  /** `referenced`: the values lie on the machines of the region, under this name. */
  source: 'managed' | 'referenced';
  createdAt: string;
  updatedAt: string;
}
export type NewSecretSet = Pick<SecretSet, 'id' | 'name' | 'type' | 'region' | 'host'> &
  Partial<Pick<SecretSet, 'source'>>;
export interface SealedValue {
  fieldName: string;
  sealed: string;
}

/** Secret sets, their sealed values, and the sealed data key that each organization has. Nothing in clear comes in or out. */
export function createSecretRepository({ db, dialect }: RepositoryContext) {
  const setsOf = (organizationId: string) =>
    db.selectFrom('secret_set').selectAll().where('organization_id', '=', organizationId);
  /** A statement on values reaches only sets of the organization, whatever set id it is given. */
  const ownSet = (organizationId: string, setId: string) =>
    db.selectFrom('secret_set').select('id').where('organization_id', '=', organizationId).where('id', '=', setId);

  /** Agents with what they take from sets, by name: in their live and their wanted deployment, and in any other that still has an instance. */
  const usersIn = (organizationId: string) => {
    const agents = db
      .selectFrom('agent')
      .where('agent.organization_id', '=', organizationId)
      .where('agent.deleted_at', 'is', null);
    const used = agents
      .select(['agent.name', 'agent.desired_deployment_id as deployment_id'])
      .union(agents.select(['agent.name', 'agent.live_deployment_id as deployment_id']))
      .union(agents.innerJoin('slot', 'slot.agent_id', 'agent.id').select(['agent.name', 'slot.deployment_id']));
    return db
      .selectFrom(used.as('used'))
      .innerJoin('deployment', 'deployment.id', 'used.deployment_id')
      .select(['used.name', 'deployment.secret_set', 'deployment.image_pull_secret_set'])
      .orderBy('used.name');
  };

  return {
    async listSets(organizationId: string, region?: string): Promise<SecretSet[]> {
      const query = region === undefined ? setsOf(organizationId) : setsOf(organizationId).where('region', '=', region);
      return (await query.orderBy('name').execute()).map(toSecretSet);
    },

    async findSet(organizationId: string, name: string): Promise<SecretSet | undefined> {
      const row = await setsOf(organizationId).where('name', '=', name).executeTakeFirst();
      return row && toSecretSet(row);
    },

    /** Like `findSet`, and until the transaction ends nobody else changes, deletes or (if they lock it too) starts using the set. */
    async lockSet(organizationId: string, name: string): Promise<SecretSet | undefined> {
      const row = await setsOf(organizationId)
        .where('name', '=', name)
        // SQLite has one writer at a time and no such clause.
        .$if(dialect === 'postgres', (query) => query.forUpdate())
        .executeTakeFirst();
      return row && toSecretSet(row);
    },

    /** False when the name is taken in the organization. */
    async insertSet(organizationId: string, set: NewSecretSet, now: Date): Promise<boolean> {
      const row = await db
        .insertInto('secret_set')
        .values({
          id: set.id,
          organization_id: organizationId,
          name: set.name,
          type: set.type,
          region: set.region,
          host: set.host,
          source: set.source ?? 'managed',
          created_at: now.toISOString(),
          updated_at: now.toISOString(),
        })
        .onConflict((conflict) => conflict.columns(['organization_id', 'name']).doNothing())
        .returning('id')
        .executeTakeFirst();
      return row !== undefined;
    },

    /** Marks the set as changed; `host` is kept unless given. */
    async touchSet(organizationId: string, setId: string, now: Date, host?: string): Promise<void> {
      await db
        .updateTable('secret_set')
        .set({ updated_at: now.toISOString(), ...(host === undefined ? {} : { host }) })
        .where('organization_id', '=', organizationId)
        .where('id', '=', setId)
        .execute();
    },

    /** With all its values. */
    async removeSet(organizationId: string, setId: string): Promise<void> {
      await db.deleteFrom('secret_set').where('organization_id', '=', organizationId).where('id', '=', setId).execute();
    },

    async values(organizationId: string, setId: string): Promise<SealedValue[]> {
      const rows = await db
        .selectFrom('secret_value')
        .select(['field_name', 'sealed'])
        .where('set_id', 'in', ownSet(organizationId, setId))
        .orderBy('field_name')
        .execute();
      return rows.map((row) => ({ fieldName: row.field_name, sealed: row.sealed }));
    },

    async fieldNames(organizationId: string, setId: string): Promise<string[]> {
      const rows = await db
        .selectFrom('secret_value')
        .select('field_name')
        .where('set_id', 'in', ownSet(organizationId, setId))
        .orderBy('field_name')
        .execute();
      return rows.map((row) => row.field_name);
    },

    /** Inserts or replaces. The set must be one that the caller read for its own organization. */
    async putValue(setId: string, value: SealedValue, now: Date): Promise<void> {
      const row = { sealed: value.sealed, updated_at: now.toISOString() };
      await db
        .insertInto('secret_value')
        .values({ set_id: setId, field_name: value.fieldName, ...row })
        .onConflict((conflict) => conflict.columns(['set_id', 'field_name']).doUpdateSet(row))
        .execute();
    },

    /** False when there was no such field. */
    async removeValue(organizationId: string, setId: string, fieldName: string): Promise<boolean> {
      const row = await db
        .deleteFrom('secret_value')
        .where('set_id', 'in', ownSet(organizationId, setId))
        .where('field_name', '=', fieldName)
        .returning('field_name')
        .executeTakeFirst();
      return row !== undefined;
    },

    /** Names of agents that have or make instances which take their secrets, or their right to be pulled, from the set. */
    async agentsUsing(organizationId: string, name: string): Promise<string[]> {
      const rows = await usersIn(organizationId)
        .where((where) =>
          where.or([where('deployment.secret_set', '=', name), where('deployment.image_pull_secret_set', '=', name)]),
        )
        .execute();
      return [...new Set(rows.map((row) => row.name))];
    },

    /** The same of every set that is in use, by its name. */
    async users(organizationId: string): Promise<Map<string, Set<string>>> {
      const rows = await usersIn(organizationId)
        .where((where) =>
          where.or([
            where('deployment.secret_set', 'is not', null),
            where('deployment.image_pull_secret_set', 'is not', null),
          ]),
        )
        .execute();
      const users = new Map<string, Set<string>>();
      for (const { name, secret_set, image_pull_secret_set } of rows) {
        for (const set of [secret_set, image_pull_secret_set]) {
          if (set !== null) users.set(set, (users.get(set) ?? new Set()).add(name));
        }
      }
      return users;
    },

    /** The organization's data key as the secret box sealed it. */
    async dataKey(organizationId: string): Promise<string | undefined> {
      const row = await db
        .selectFrom('data_key')
        .select('sealed')
        .where('organization_id', '=', organizationId)
        .executeTakeFirst();
      return row?.sealed;
    },

    /** Keeps what is there: of two that race, the first one's key is the organization's. */
    async insertDataKey(organizationId: string, sealed: string, now: Date): Promise<void> {
      await db
        .insertInto('data_key')
        .values({ organization_id: organizationId, sealed, created_at: now.toISOString() })
        .onConflict((conflict) => conflict.column('organization_id').doNothing())
        .execute();
    },

    /** Replaces the wrapping of the key, never the key: only if it is still the one that was read. */
    async rewrapDataKey(organizationId: string, from: string, to: string): Promise<void> {
      await db
        .updateTable('data_key')
        .set({ sealed: to })
        .where('organization_id', '=', organizationId)
        .where('sealed', '=', from)
        .execute();
    },
  };
}

function toSecretSet(row: Selectable<Schema['secret_set']>): SecretSet {
  return {
    id: row.id,
    organizationId: row.organization_id,
    name: row.name,
    type: row.type as SecretSet['type'],
    region: row.region,
    host: row.host,
    source: row.source as SecretSet['source'],
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}
