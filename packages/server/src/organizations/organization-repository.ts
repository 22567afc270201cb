import type { Role } from '@pipecat-cloud/contract/permissions';
import type { RepositoryContext } from '../db/store.js';

export interface Organization {
  id: string;
  /** The slug of paths and of `{agent}.{organization}`. */
  name: string;
  verboseName: string;
  defaultRegion: string;
}
export type Membership = Organization & { role: Role };

const columns = [
  'organization.id',
  'organization.name',
  'organization.verbose_name as verboseName',
  'organization.default_region as defaultRegion',
] as const;

/** Between the name and the id of a deleted organization. No name contains it, so that the unique name is free for another. */
const deletedMark = '~';

/** Deleted organizations keep their row for what still points at them; except by `namesOf` they are not found. */
export function createOrganizationRepository({ db, dialect }: RepositoryContext) {
  const living = () => db.selectFrom('organization').select(columns).where('deleted_at', 'is', null);
  const row = (organization: Organization, now: Date) => ({
    id: organization.id,
    name: organization.name,
    verbose_name: organization.verboseName,
    default_region: organization.defaultRegion,
    created_at: now.toISOString(),
    deleted_at: null,
  });

  return {
    async insert(organization: Organization, now: Date): Promise<void> {
      await db.insertInto('organization').values(row(organization, now)).execute();
    },
    /** False when the name is taken: the unique index decides, not a read. */
    async insertIfFree(organization: Organization, now: Date): Promise<boolean> {
      const inserted = await db
        .insertInto('organization')
        .values(row(organization, now))
        .onConflict((conflict) => conflict.doNothing())
        .returning('id')
        .executeTakeFirst();
      return inserted !== undefined;
    },
    async find(id: string): Promise<Organization | undefined> {
      return await living().where('id', '=', id).executeTakeFirst();
    },
    /** Also of deleted ones, for what names them. */
    async namesOf(ids: readonly string[]): Promise<Map<string, string>> {
      if (ids.length === 0) return new Map();
      const rows = await db.selectFrom('organization').select(['id', 'name']).where('id', 'in', ids).execute();
      return new Map(rows.map(({ id, name }) => [id, name.split(deletedMark)[0] ?? name]));
    },
    async findByName(name: string): Promise<Organization | undefined> {
      return await living().where('name', '=', name).executeTakeFirst();
    },
    /**
     * Changes of members, policy and service accounts come one at a time per organization: each begins with this and reads what
     * it decides by afterwards. False when the organization was deleted meanwhile.
     */
    async lock(id: string): Promise<boolean> {
      const locked = await living()
        .where('id', '=', id)
        // SQLite has one writer anyway.
        .$if(dialect === 'postgres', (query) => query.forUpdate())
        .executeTakeFirst();
      return locked !== undefined;
    },
    /** As `lock`, but many at once: only the deletion of the organization waits, and is waited for. */
    async holdLiving(id: string): Promise<boolean> {
      const held = await living()
        .where('id', '=', id)
        .$if(dialect === 'postgres', (query) => query.forKeyShare())
        .executeTakeFirst();
      return held !== undefined;
    },
    async markDeleted(organization: Pick<Organization, 'id' | 'name'>, now: Date): Promise<void> {
      await db
        .updateTable('organization')
        .set({ deleted_at: now.toISOString(), name: `${organization.name}${deletedMark}${organization.id}` })
        .where('id', '=', organization.id)
        .execute();
    },
    async addMember(organizationId: string, userId: string, role: Role, now: Date): Promise<void> {
      await db
        .insertInto('membership')
        .values({ organization_id: organizationId, user_id: userId, role, created_at: now.toISOString() })
        .execute();
    },
    /** The user's default organization first, then by age: the order is contract (§3.7). */
    async listOfUser(userId: string): Promise<Membership[]> {
      const rows = await db
        .selectFrom('membership')
        .innerJoin('organization', 'organization.id', 'membership.organization_id')
        .innerJoin('user_account', 'user_account.id', 'membership.user_id')
        .select([...columns, 'membership.role', 'user_account.default_organization_id as first'])
        .where('membership.user_id', '=', userId)
        .where('organization.deleted_at', 'is', null)
        .orderBy('membership.created_at')
        .orderBy('organization.name')
        .execute();
      return rows
        .sort((a, b) => Number(b.id === b.first) - Number(a.id === a.first))
        .map(({ first: _, role, ...organization }) => ({ ...organization, role: role as Role }));
    },
    /** Ids of the organizations of each of these people, in one read; people of none are left out. */
    async idsOfUsers(userIds: readonly string[]): Promise<Map<string, string[]>> {
      if (userIds.length === 0) return new Map();
      const rows = await db
        .selectFrom('membership')
        .innerJoin('organization', 'organization.id', 'membership.organization_id')
        .select(['membership.user_id', 'organization.id'])
        .where('membership.user_id', 'in', userIds)
        .where('organization.deleted_at', 'is', null)
        .execute();
      const found = new Map<string, string[]>();
      for (const { user_id: userId, id } of rows) found.set(userId, [...(found.get(userId) ?? []), id]);
      return found;
    },
    /** The one organization of a service account, with its role there; none when it was disabled or deleted. */
    async listOfServiceAccount(serviceAccountId: string): Promise<Membership[]> {
      const rows = await db
        .selectFrom('service_account')
        .innerJoin('organization', 'organization.id', 'service_account.organization_id')
        .select([...columns, 'service_account.role'])
        .where('service_account.id', '=', serviceAccountId)
        .where('service_account.deleted_at', 'is', null)
        .where('service_account.disabled_at', 'is', null)
        .where('organization.deleted_at', 'is', null)
        .execute();
      return rows.map(({ role, ...organization }) => ({ ...organization, role: role as Role }));
    },
    async setDefaultRegion(organizationId: string, region: string): Promise<void> {
      await db.updateTable('organization').set({ default_region: region }).where('id', '=', organizationId).execute();
    },
    async setVerboseName(organizationId: string, verboseName: string): Promise<void> {
      await db
        .updateTable('organization')
        .set({ verbose_name: verboseName })
        .where('id', '=', organizationId)
        .execute();
    },
  };
}
