import type { Store } from '../db/store.js';
import { badRequest, conflict, notFound } from '../errors.js';
import { isSetName } from './secret-change.js';
import type { SecretSet } from './secret-repository.js';
import type { SecretService } from './secret-service.js';

export interface SetCheckDeps {
  store: Pick<Store, 'secrets'>;
  secrets: Pick<SecretService, 'readiness'>;
}

interface Wanted {
  name: string;
  type: SecretSet['type'];
  region: string;
  /** What names the set, such as `the agent`. */
  user: string;
}

/** The set, which must be there, of this type, in this region and ready. Throws 404, 400, 400 and 409. */
export async function findSetFor(
  { store, secrets }: SetCheckDeps,
  organizationId: string,
  { name, type, region, user }: Wanted,
): Promise<SecretSet> {
  const set = isSetName(name) ? await store.secrets.findSet(organizationId, name) : undefined;
  if (!set) throw notFound('Secret set', name);
  if (set.type !== type) throw badRequest(`Secret set '${name}' is of type ${set.type}; a ${type} is needed here`);
  if (set.region !== region)
    throw badRequest(`Secret set '${name}' is in region '${set.region}', ${user} in '${region}'`);
  const readiness = await secrets.readiness(organizationId, set);
  if (readiness.status !== 'ready')
    throw conflict(`Secret set '${name}' is not ready (${readiness.status}). ${readiness.errorMessage}`);
  return set;
}
