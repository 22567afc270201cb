import type { PatchPropertiesBody, Properties, PropertySchema } from '@pipecat-cloud/contract/properties';
import type { RegionList } from '@pipecat-cloud/contract/regions';
import type { Actor, OrganizationAccess } from '../access/principal.js';
import type { Audit } from '../audit/audit-service.js';
import type { Store } from '../db/store.js';
import { badRequest } from '../errors.js';
import type { Regions } from '../regions/regions.js';

interface PropertyServiceDeps {
  store: Store;
  audit: Audit;
  regions: Regions;
}

export function createPropertyService({ store, audit, regions }: PropertyServiceDeps) {
  async function schemaOf(organizationId: string, currentValue: string): Promise<PropertySchema> {
    return {
      properties: {
        defaultRegion: {
          type: 'string',
          description: 'Where agents, secret sets and builds go when a request names no region',
          default: regions.own.code,
          currentValue,
          readOnly: false,
          availableValues: await regions.codes(organizationId),
        },
      },
    };
  }

  return {
    regions: (organization: OrganizationAccess): Promise<RegionList> => regions.list(organization.id),

    async get(organization: OrganizationAccess): Promise<Properties> {
      return { properties: { defaultRegion: await regions.defaultOf(organization) } };
    },

    async schema(organization: OrganizationAccess): Promise<PropertySchema> {
      return await schemaOf(organization.id, await regions.defaultOf(organization));
    },

    /** Answers plain values and, for the private route, each property with its description (contract §6.7 and §7.5). */
    async patch(
      organization: OrganizationAccess,
      actor: Actor,
      body: PatchPropertiesBody,
    ): Promise<{ values: Properties; schema: PropertySchema }> {
      const { defaultRegion } = body;
      if (defaultRegion === undefined) throw badRequest('The body names no property; there is defaultRegion');
      await regions.check(organization.id, defaultRegion);
      // The access cache holds the default with the organization: the very next request must see the new one.
      await store.changeAccess(async (repos) => {
        await repos.organizations.setDefaultRegion(organization.id, defaultRegion);
        await audit.record(repos, actor, {
          action: 'organization.properties_changed',
          organizationId: organization.id,
          target: organization.name,
          detail: { defaultRegion },
        });
      });
      return { values: { properties: { defaultRegion } }, schema: await schemaOf(organization.id, defaultRegion) };
    },
  };
}
export type PropertyService = ReturnType<typeof createPropertyService>;
