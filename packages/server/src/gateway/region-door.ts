import type { Agent } from '../agents/agent-repository.js';
import type { Store } from '../db/store.js';
import { notFound } from '../errors.js';

/**
 * An agent is reached through its own region's front door (contract §8.6.1). Only a host that is known to be another region's is
 * refused: a proxy may pass on a name of its own, and an installation of one region takes any.
 */
export function createDoorCheck(store: Pick<Store, 'regions'>) {
  return async ({ organizationId, region, name }: Agent, host: string | undefined): Promise<void> => {
    if (host === undefined) return;
    const doors = await store.regions.list(organizationId);
    const asked = doors.find(({ wsPublicEndpoint }) => hostOf(wsPublicEndpoint) === host.toLowerCase());
    if (asked && asked.code !== region) throw notFound(`Agent of region '${asked.code}'`, name);
  };
}

const hostOf = (endpoint: string | null) => (endpoint === null ? undefined : URL.parse(endpoint)?.host);
