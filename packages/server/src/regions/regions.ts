import type { RegionList } from '@pipecat-cloud/contract/regions';
import type { OrganizationAccess } from '../access/principal.js';
import type { Config } from '../config/config.js';
import type { Repositories, Store } from '../db/store.js';
import { badRequest } from '../errors.js';
import type { WorkerScope } from '../workers/worker-repository.js';
import type { StoredRegion } from './region-repository.js';

export type OwnRegion = Config['region'];

/** Where an organization's agents may run: the region of this installation, and those that the organization has registered. */
export function createRegions({ store, own }: { store: Pick<Store, 'regions' | 'workers'>; own: OwnRegion }) {
  async function codes(organizationId: string): Promise<string[]> {
    return [own.code, ...(await store.regions.list(organizationId)).map(({ code }) => code)];
  }

  /** What the owner declared, else what its workers have said; empty where nothing is known yet. */
  async function architecturesOf(region: StoredRegion | undefined): Promise<string[]> {
    return region?.architectures ?? (await store.workers.architectures(region?.id));
  }

  return {
    own,
    codes,
    find: (organizationId: string, code: string) => store.regions.find(organizationId, code),

    /** Throws 400 for a region that the organization does not have. */
    async check(organizationId: string, code: string): Promise<void> {
      if (code === own.code) return;
      const offered = await codes(organizationId);
      if (offered.includes(code)) return;
      throw badRequest(`Region '${code}' is not available here; there is ${offered.map((c) => `'${c}'`).join(', ')}`);
    },

    /** In the transaction that begins to use the region, so that it is not deleted meanwhile. */
    async hold(repos: Pick<Repositories, 'regions'>, organizationId: string, code: string): Promise<void> {
      if (code === own.code || (await repos.regions.hold(organizationId, code))) return;
      throw badRequest(`Region '${code}' was deleted at this very moment`);
    },

    /** Whose workers run what is in the region. A code that is no registered one was the installation's before it was renamed. */
    async scopeOf(organizationId: string, code: string): Promise<WorkerScope | undefined> {
      if (code === own.code || !(await store.regions.find(organizationId, code))) return undefined;
      return { organizationId, region: code };
    },

    /** Where a request goes that names no region. One that is offered no more would make every client fail. */
    async defaultOf({ id, defaultRegion }: Pick<OrganizationAccess, 'id' | 'defaultRegion'>): Promise<string> {
      if (defaultRegion === own.code) return defaultRegion;
      return (await codes(id)).includes(defaultRegion) ? defaultRegion : own.code;
    },

    /** Throws 400 where it is known that no machine of the region has the architecture. */
    async checkArchitecture(organizationId: string, code: string, architecture: string): Promise<void> {
      const region = code === own.code ? undefined : await store.regions.find(organizationId, code);
      const known = await architecturesOf(region);
      if (known.length === 0 || known.includes(architecture)) return;
      throw badRequest(
        `No machine of region '${code}' runs ${architecture}; there is ${known.join(', ')}. Deploy without an architecture, or make the agent for one of these`,
      );
    },

    async list(organizationId: string): Promise<RegionList> {
      const stored = await store.regions.list(organizationId);
      const entries = [undefined, ...stored].map(async (region) => {
        const known = await architecturesOf(region);
        const preferred = region?.defaultArchitecture ?? (known.length === 1 ? known[0] : undefined);
        return {
          code: region?.code ?? own.code,
          // As the official pickers show a region that has no name.
          display_name: region ? (region.displayName ?? region.code.toUpperCase()) : own.name,
          ...(known.length > 0 ? { supported_architectures: known } : {}),
          ...(preferred ? { default_architecture: preferred } : {}),
          ...(region ? { registered: true } : {}),
        };
      });
      return { regions: await Promise.all(entries) };
    },
  };
}
export type Regions = ReturnType<typeof createRegions>;
