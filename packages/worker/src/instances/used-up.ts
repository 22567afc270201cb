import type { Activation, UsedUp } from '@pipecat-cloud/contract/worker';
import type { Driver } from '../drivers/driver.js';
import type { InstanceRecord } from './record.js';

/** A driver that takes longer to say what an instance uses is not waited for. */
const measureMs = 1_000;

/** Why an instance takes no session more, once one with this policy has ended; undefined when it may go on. */
export async function usedUpBy(
  driver: Pick<Driver, 'usage'>,
  { labels, served = 0 }: InstanceRecord,
  reuse: Activation['reuse'],
): Promise<UsedUp | undefined> {
  if (reuse?.maxSessions !== undefined && served >= reuse.maxSessions) return 'sessions';
  if (reuse?.maxMemoryBytes === undefined) return undefined;
  const late = AbortSignal.timeout(measureMs);
  const used = await Promise.race([
    driver.usage(labels.instanceId).catch(() => undefined),
    new Promise<undefined>((resolve) => late.addEventListener('abort', () => resolve(undefined))),
  ]);
  return used && used.memoryBytes > reuse.maxMemoryBytes ? 'memory' : undefined;
}
