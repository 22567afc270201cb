import type { Logger } from 'pino';
import type { Driver, DriverUsage } from '../drivers/driver.js';
import type { Outbox } from '../outbox.js';
import type { Timings } from '../timings.js';
import type { Instance } from './instance.js';

export interface UsageDeps {
  driver: Driver;
  outbox: Outbox;
  timings: Timings;
  log: Logger;
}

export type UsageSampler = ReturnType<typeof createUsageSampler>;

interface Measured extends DriverUsage {
  sessionId: string;
  atMs: number;
}

/** CPU and memory of each instance with a session, reported as it is sampled; lost when the link is down for long. */
export function createUsageSampler({ driver, outbox, timings, log }: UsageDeps) {
  const busy = new Map<Instance, Measured | undefined>();

  async function measure(instance: Instance): Promise<Measured | undefined> {
    const sessionId = instance.tenancy?.sessionId;
    const usage = await driver.usage(instance.id);
    return usage && sessionId ? { ...usage, sessionId, atMs: Date.now() } : undefined;
  }

  async function sample(instance: Instance, before: Measured | undefined): Promise<void> {
    const present = await measure(instance);
    if (!busy.has(instance)) return;
    busy.set(instance, present);
    if (!present || before?.sessionId !== present.sessionId || present.atMs <= before.atMs) return;
    const cpu = Math.max(0, ((present.cpuMs - before.cpuMs) / (present.atMs - before.atMs)) * 1000);
    const sampled = { t: Math.round(present.atMs / 1000), c: Math.round(cpu), m: present.memoryBytes };
    outbox.offer({ type: 'usage', sessionId: present.sessionId, samples: [sampled] });
  }

  function trySample(instance: Instance, before: Measured | undefined): void {
    sample(instance, before).catch((err) => log.debug({ err, instanceId: instance.id }, 'usage could not be measured'));
  }

  const sampling = setInterval(() => {
    for (const [instance, before] of busy) {
      if (instance.tenancy?.state === 'busy') trySample(instance, before);
      else busy.delete(instance);
    }
  }, timings.usageMs).unref();

  return {
    /** The instance has a session now; it is sampled until the session ends. */
    begin(instance: Instance): void {
      busy.set(instance, undefined);
      trySample(instance, undefined);
    },
    close: (): void => clearInterval(sampling),
  };
}
