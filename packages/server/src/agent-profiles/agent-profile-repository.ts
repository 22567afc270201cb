import type { Selectable } from 'kysely';
import type { Schema } from '../db/schema.js';
import type { RepositoryContext } from '../db/store.js';

/** An organization's own profile. */
export interface CustomProfile {
  name: string;
  displayName: string;
  cpu: string;
  memory: string;
  disabledAt: string | null;
}

export function createAgentProfileRepository({ db }: RepositoryContext) {
  const profilesOf = (organizationId: string) =>
    db.selectFrom('agent_profile').selectAll().where('organization_id', '=', organizationId);

  return {
    async list(organizationId: string): Promise<CustomProfile[]> {
      return (await profilesOf(organizationId).orderBy('name').execute()).map(toProfile);
    },

    async find(organizationId: string, name: string): Promise<CustomProfile | undefined> {
      const row = await profilesOf(organizationId).where('name', '=', name).executeTakeFirst();
      return row && toProfile(row);
    },

    /** False when the name is taken in the organization. */
    async insert(organizationId: string, profile: CustomProfile, now: Date): Promise<boolean> {
      const row = await db
        .insertInto('agent_profile')
        .values({
          organization_id: organizationId,
          name: profile.name,
          display_name: profile.displayName,
          cpu: profile.cpu,
          memory: profile.memory,
          disabled_at: profile.disabledAt,
          created_at: now.toISOString(),
          updated_at: now.toISOString(),
        })
        .onConflict((conflict) => conflict.doNothing())
        .returning('name')
        .executeTakeFirst();
      return row !== undefined;
    },

    async update(organizationId: string, profile: CustomProfile, now: Date): Promise<void> {
      await db
        .updateTable('agent_profile')
        .set({
          display_name: profile.displayName,
          cpu: profile.cpu,
          memory: profile.memory,
          disabled_at: profile.disabledAt,
          updated_at: now.toISOString(),
        })
        .where('organization_id', '=', organizationId)
        .where('name', '=', profile.name)
        .execute();
    },
  };
}

function toProfile(row: Selectable<Schema['agent_profile']>): CustomProfile {
  return {
    name: row.name,
    displayName: row.display_name,
    cpu: row.cpu,
    memory: row.memory,
    disabledAt: row.disabled_at,
  };
}
