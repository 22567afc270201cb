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

export function createOrganizationRepository({ db }: RepositoryContext) {
  return {
    async insert(organization: Organization, now: Date): Promise<void> {
      await db
        .insertInto('organization')
        .values({
          id: organization.id,
          name: organization.name,
          verbose_name: organization.verboseName,
          default_region: organization.defaultRegion,
          created_at: now.toISOString(),
        })
        .execute();
    },
    async find(id: string): Promise<Organization | undefined> {
      return await db.selectFrom('organization').select(columns).where('id', '=', id).executeTakeFirst();
    },
    async namesOf(ids: readonly string[]): Promise<Map<string, string>> {
      if (ids.length === 0) return new Map();
      const rows = await db.selectFrom('organization').select(['id', 'name']).where('id', 'in', ids).execute();
      return new Map(rows.map(({ id, name }) => [id, name]));
    },
    async findByName(name: string): Promise<Organization | undefined> {
      return await db.selectFrom('organization').select(columns).where('name', '=', name).executeTakeFirst();
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
