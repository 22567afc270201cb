import type { Logger } from 'pino';
import type { Containers } from './containers.js';
import type { Endings } from './endings.js';
import { instanceLabels } from './labels.js';
import { createOptional } from './optional.js';

export interface DiskWatchDeps {
  containers: Containers;
  endings: Endings;
  limitBytes: number;
  lookMs: number;
  log: Logger;
}

/**
 * Holds instances to their disk. Where the engine's storage knows quotas (overlay2 on XFS with pquota, btrfs, ZFS) a write beyond it fails;
 * elsewhere what they have written is measured every few seconds, and one that has too much is ended.
 */
export function createDiskWatch({ containers, endings, limitBytes, lookMs, log }: DiskWatchDeps) {
  const quota = createOptional({
    refusal: /storage-opt|pquota|quota/i,
    onRefused: (words) =>
      log.info({ engine: words }, 'the storage of the container engine knows no quotas; disks are measured'),
  });
  const overfull = new Map<string, string>();

  async function measure(): Promise<void> {
    for (const { Id, Labels, State, SizeRw } of await containers.list({ size: true })) {
      if (State !== 'running' || (SizeRw ?? 0) <= limitBytes) continue;
      const { instanceId } = instanceLabels(Labels);
      log.warn({ instanceId, bytes: SizeRw, limitBytes }, 'an instance has filled its disk and is ended');
      overfull.set(instanceId, `because it wrote more than ${Math.round(limitBytes / 1024 ** 2)} MiB to its disk`);
      await endings.end(Id, 0);
    }
  }

  let measuring = false;
  const watching = setInterval(() => {
    if (quota.has() !== false || measuring) return;
    measuring = true;
    measure()
      .catch((err) => log.debug({ err }, 'the disks of instances could not be measured'))
      .finally(() => {
        measuring = false;
      });
  }, lookMs).unref();

  return {
    /** Creates with a quota as long as the engine is not known to have none. */
    withQuota: quota.use,
    /** Why an instance was ended by this, as the end of a sentence. */
    reasonOf: (instanceId: string): string | undefined => overfull.get(instanceId),
    forget: (instanceId: string): boolean => overfull.delete(instanceId),
    close: (): void => clearInterval(watching),
  };
}
