import type { ObservedInstance } from '@pipecat-cloud/contract/worker';
import type { Store } from '../db/store.js';
import type { Facts } from './facts.js';

/**
 * Keeps what a deployment's tag was resolved to by its first instance, so that all others run the same although the tag may move.
 * Only one is started before it is known: the one that shows whether the deployment works.
 */
export async function pinDigests(
  store: Pick<Store, 'deployments'>,
  { slots, deployments }: Pick<Facts, 'slots' | 'deployments'>,
  observed: ReadonlyMap<string, ReadonlyMap<string, ObservedInstance>>,
): Promise<void> {
  const pinned = new Set<string>();
  for (const { deploymentId, instanceId, workerId } of slots) {
    const deployment = deployments.get(deploymentId ?? '');
    if (!deployment?.image || deployment.imageDigest !== null || pinned.has(deployment.id)) continue;
    const digest = observed.get(workerId ?? '')?.get(instanceId ?? '')?.imageDigest;
    if (digest === undefined || !/^sha256:[0-9a-f]{64}$/.test(digest)) continue;
    await store.deployments.pinDigest(deployment.id, digest);
    pinned.add(deployment.id);
  }
}
