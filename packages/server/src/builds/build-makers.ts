import type { Build } from '@pipecat-cloud/contract/builds';
import type { Store } from '../db/store.js';
import type { StoredBuild } from './build-row.js';

type Maker = NonNullable<Build['createdBy']>;
/** The record of a build is written in its transaction, which may have waited for others. */
const marginMs = 5 * 60 * 1000;

/** Who asked for each of these builds first, by its id, as the audit log has it; without those that it has lost by age. */
export async function makersOf(
  store: Pick<Store, 'audit'>,
  organizationId: string,
  builds: readonly Pick<StoredBuild, 'id' | 'createdAt'>[],
): Promise<ReadonlyMap<string, Maker>> {
  if (builds.length === 0) return new Map();
  const times = builds.map(({ createdAt }) => createdAt.getTime());
  const records = await store.audit.doneTo(
    organizationId,
    'build.created',
    builds.map(({ id }) => id),
    { since: new Date(Math.min(...times)), until: new Date(Math.max(...times) + marginMs) },
  );
  const names = await store.audit.names.of(organizationId, records);
  const nameOf = (id: string | null) => (id === null ? undefined : names[id]);
  return new Map(
    records.map(({ target, actorKind, actorId, credentialId }) => [
      target ?? '',
      { kind: actorKind, id: actorId, name: nameOf(actorId) ?? nameOf(credentialId) ?? null },
    ]),
  );
}
