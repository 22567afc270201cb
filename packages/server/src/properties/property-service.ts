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

  return {
    regions: (): RegionList => ({ regions: [{ code: region.code, display_name: region.name }] }),

    get: (organization: OrganizationAccess): Properties => ({ properties: { defaultRegion: current(organization) } }),

    schema: (organization: OrganizationAccess): PropertySchema => ({
      properties: {
        defaultRegion: {
          type: 'string',
          description: 'Where agents, secret sets and builds go when a request names no region',
          default: region.code,
          currentValue: current(organization),
          readOnly: false,
          availableValues: [region.code],
        },
      },
    }),

    /** Answers plain values, which is what clients of this route print (contract §6.7). */
    async patch(organization: OrganizationAccess, actor: Actor, body: PatchPropertiesBody): Promise<Properties> {
      checkRegion(region, body.defaultRegion);
      await store.transaction(async (repos) => {
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
