import type { PatchPropertiesBody, Properties, PropertySchema } from '@pipecat-cloud/contract/properties';
import type { Actor, OrganizationAccess } from '../access/principal.js';
import type { Audit } from '../audit/audit-service.js';
import type { Store } from '../db/store.js';
import type { Regions } from '../regions/regions.js';

interface PropertyServiceDeps {
  store: Store;
  audit: Audit;
  regions: Regions;
}

export function createPropertyService({ store, audit, regions }: PropertyServiceDeps) {
  return {
    async get(organization: OrganizationAccess): Promise<Properties> {
      return { properties: { defaultRegion: await regions.defaultOf(organization) } };
    },

    async schema(organization: OrganizationAccess): Promise<PropertySchema> {
      return {
        properties: {
          defaultRegion: {
            type: 'string',
            description: 'Where agents, secret sets and builds go when a request names no region',
            default: regions.own.code,
            currentValue: await regions.defaultOf(organization),
            readOnly: false,
            availableValues: await regions.codes(organization.id),
          },
        },
      };
    },

    /** Answers plain values, which is what clients of this route print (contract §6.7). */
    async patch(organization: OrganizationAccess, actor: Actor, body: PatchPropertiesBody): Promise<Properties> {
      await regions.check(organization.id, body.defaultRegion);
      // The default stands among the facts that checks of access keep.
      await store.changeAccess(async (repos) => {
        await repos.organizations.setDefaultRegion(organization.id, body.defaultRegion);
        await audit.record(repos, actor, {
          action: 'organization.properties_changed',
          organizationId: organization.id,
          target: organization.name,
          detail: { defaultRegion: body.defaultRegion },
        });
      });
      return { properties: { defaultRegion: body.defaultRegion } };
    },
  };
}
export type PropertyService = ReturnType<typeof createPropertyService>;
