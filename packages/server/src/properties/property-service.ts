import type { PatchPropertiesBody, Properties, PropertySchema, RegionList } from '@pipecat-cloud/contract/properties';
import type { Actor, OrganizationAccess } from '../access/principal.js';
import type { Audit } from '../audit/audit-service.js';
import type { Store } from '../db/store.js';
import { checkRegion, type Region } from './regions.js';

interface PropertyServiceDeps {
  store: Store;
  audit: Audit;
  region: Region;
}

export function createPropertyService({ store, audit, region }: PropertyServiceDeps) {
  /** A region that this installation offered once and no longer does would make every client fail. */
  const current = ({ defaultRegion }: OrganizationAccess) =>
    defaultRegion === region.code ? defaultRegion : region.code;

  const schemaOf = (currentValue: string): PropertySchema => ({
    properties: {
      defaultRegion: {
        type: 'string',
        description: 'Where agents, secret sets and builds go when a request names no region',
        default: region.code,
        currentValue,
        readOnly: false,
        availableValues: [region.code],
      },
    },
  });

  return {
    regions: (): RegionList => ({ regions: [{ code: region.code, display_name: region.name }] }),

    get: (organization: OrganizationAccess): Properties => ({ properties: { defaultRegion: current(organization) } }),

    schema: (organization: OrganizationAccess): PropertySchema => schemaOf(current(organization)),

    /** Answers plain values and, for the private route, each property with its description (contract §6.7 and §7.5). */
    async patch(
      organization: OrganizationAccess,
      actor: Actor,
      body: PatchPropertiesBody,
    ): Promise<{ values: Properties; schema: PropertySchema }> {
      const { defaultRegion } = body;
      checkRegion(region, defaultRegion);
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
      return { values: { properties: { defaultRegion } }, schema: schemaOf(defaultRegion) };
    },
  };
}
export type PropertyService = ReturnType<typeof createPropertyService>;
