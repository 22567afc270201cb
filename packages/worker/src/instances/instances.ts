import { failpoint } from '@pipecat-cloud/contract/failpoint';
import type { Activation, ObservedInstance } from '@pipecat-cloud/contract/worker';
import type { Logger } from 'pino';
import { CommandRefused } from '../command-refused.js';
import type { Driver } from '../drivers/driver.js';
import type { Collectors } from '../logs/collector.js';
import { createRedactor, createWithholder, type Redactor } from '../logs/redactor.js';
import { createOnePass } from '../one-pass.js';
import type { Relays } from '../relay/relays.js';
import type { Timings } from '../timings.js';
import { type ActivationDeps, activate } from './activation.js';
import { adopt } from './adopt.js';
import type { Ends } from './ends.js';
import { createInstance, type Instance, isGone, observe } from './instance.js';
import { createLifecycle, type PreparedSpec } from './lifecycle.js';
import { emptyRecord, type HeldSession, type Records } from './record.js';
import { createTenancy, type Tenancy } from './tenancy.js';
import type { UsageSampler } from './usage.js';

export interface InstancesDeps {
  driver: Driver;
  records: Records;
  ends: Ends;
  collectors: Collectors;
  relays: Relays;
  usage: UsageSampler;
  timings: Timings;
  log: Logger;
  /** Something that `observed` tells has changed. */
  changed: () => void;
  /** The socket of a session is open. */
  connected: (sessionId: string) => void;
}

export type Instances = ReturnType<typeof createInstances>;

/** After a removal that failed, orders of another count for nothing for so long. */
const removeAgainMs = 1_000;

/** All instances of this worker, and the commands about them. */
export function createInstances(deps: InstancesDeps) {
  const { driver, records, ends, collectors, relays, usage, timings, log, changed } = deps;
  const instances = new Map<string, Instance>();
  const refresh = createOnePass(look);
  const lifecycle = createLifecycle({ driver, records, timings, log, changed, refresh });
  const cutRelays = relays.cut;
  const activation: ActivationDeps = { driver, records, log, changed, cutRelays, doubt: lifecycle.doubt, occupy };
  const looking = setInterval(() => refreshSoon(), timings.observeMs).unref();

  /** Takes over addresses and exits that the driver sees. */
  async function look(): Promise<void> {
    // Only what ran before the question can be missed in the answer.
    const running = [...instances.values()].filter(({ life }) => life === 'starting' || life === 'ready');
    const seen = new Map((await driver.list()).map((one) => [one.instanceId, one]));
    for (const instance of running) {
      const found = seen.get(instance.id);
      const wasUnseen = instance.address === undefined;
      if (found?.address) instance.address = found.address;
      if (found?.address && wasUnseen) lifecycle.watch(instance);
      if (found?.imageDigest) instance.imageDigest = found.imageDigest;
      if (found?.state === 'running' || found?.state === 'preparing') continue;
      inBackground(lifecycle.gone(instance, found), 'settling an ended instance');
    }
  }

  function refreshSoon(): void {
    inBackground(refresh(), 'looking for ended instances');
  }

  function inBackground(work: Promise<void>, what: string): void {
    work.catch((err) => log.error({ err }, `${what} failed`));
  }

  function occupy(instance: Instance, session: HeldSession): Tenancy {
    const tenancy = createTenancy(
      {
        ...{ driver, records, ends, timings, log, changed, cutRelays },
        ...{ kill: lifecycle.kill, look: refresh, connected: deps.connected },
      },
      instance,
      session,
    );
    instance.tenancy = tenancy;
    if (instance.record.session === session) usage.begin(instance);
    changed();
    return tenancy;
  }

  function find(instanceId: string): Instance {
    const instance = instances.get(instanceId);
    if (!instance) throw new CommandRefused('unknown_instance', `This worker has no instance ${instanceId}`);
    return instance;
  }

  async function takeDown(instance: Instance, graceSeconds: number): Promise<void> {
    await failpoint('instance.removing');
    if (instance.tenancy?.state === 'busy') await instance.tenancy.stop();
    await lifecycle.abandon(instance);
    await lifecycle.kill(instance, graceSeconds);
    await collectors.drain(instance.id, timings.drainMs);
    await driver.remove(instance.id, { graceSeconds: 0 });
    await failpoint('instance.removed');
    lifecycle.forget(instance);
    collectors.forget(instance.id);
    instances.delete(instance.id);
    await ends.forget(instance.record);
    log.info({ instanceId: instance.id }, 'instance removed');
    changed();
  }

  driver.onExit(() => refreshSoon());

  return {
    get: (instanceId: string): Instance | undefined => instances.get(instanceId),
    all: (): Iterable<Instance> => instances.values(),
    observed: (): ObservedInstance[] => [...instances.values()].map(observe),

    /** Makes the instance, or leaves the one of that id alone but for learning its secrets again. */
    ensure(spec: PreparedSpec): void {
      const { instanceId, organizationId, agentId, agentName, deploymentId } = spec;
      let instance = instances.get(instanceId);
      const isNew = !instance;
      if (!instance) {
        instance = createInstance(
          emptyRecord({ instanceId, organizationId, agentId, agentName, deploymentId }),
          'preparing',
        );
        instances.set(instanceId, instance);
        log.info({ instanceId, deploymentId }, 'instance ordered');
      }
      if (isNew && spec.secretsVersion !== undefined) instance.record.secretsVersion = spec.secretsVersion;
      instance.redactor ??= redactorOf(instance, spec);
      if (isNew || (instance.life === 'preparing' && instance.ensuredAt === undefined)) lifecycle.start(instance, spec);
      else lifecycle.known(instance, spec);
      collectors.begin(instance);
      changed();
    },

    activate: (order: Activation): Promise<void> => activate(activation, find(order.instanceId), order),

    /** Ends a session with its instance; nothing to do for one that has ended. */
    async stop(instanceId: string, sessionId: string, epoch: number): Promise<void> {
      const instance = find(instanceId);
      await failpoint('stop.received');
      // The acceptance may be on its way; only then is there something to stop.
      if (instance.activating) await instance.activating.done.catch(() => undefined);
      const { tenancy } = instance;
      if (tenancy?.sessionId !== sessionId || tenancy.epoch !== epoch) return;
      inBackground(tenancy.stop(), 'stopping a session');
    },

    /** Ends a socket session that no socket will come for; nothing to do for one that has a socket or has ended. */
    abandon(instanceId: string, sessionId: string, epoch: number): void {
      const { tenancy } = find(instanceId);
      if (tenancy?.sessionId !== sessionId || tenancy.epoch !== epoch) return;
      inBackground(tenancy.abandon(), 'ending a session that nobody came for');
    },

    /** Begins to end and forget the instance; refuses one that holds a session unless `evenIfBusy`. */
    remove(instanceId: string, graceSeconds: number, evenIfBusy: boolean): void {
      const instance = instances.get(instanceId);
      if (!instance || instance.removing) return;
      const busy = instance.activating !== undefined || instance.tenancy?.state === 'busy';
      if (busy && !isGone(instance) && !evenIfBusy) {
        throw new CommandRefused('busy', `Instance ${instanceId} holds a session; it is removed only with evenIfBusy`);
      }
      instance.removing = true;
      const settled = instance.activating?.done.catch(() => undefined) ?? Promise.resolve();
      const failed = (err: unknown) => {
        // What failed is told as a change, and whoever hears of that orders it again: on a full disk a thousand times a second.
        setTimeout(() => {
          instance.removing = false;
        }, removeAgainMs).unref();
        log.error({ err, instanceId }, 'removing an instance failed; it is tried again when it is ordered again');
      };
      settled.then(() => takeDown(instance, graceSeconds)).catch(failed);
    },

    /** Finds what was there before this worker. */
    async adopt(): Promise<void> {
      const add = (instance: Instance) => {
        instances.set(instance.id, instance);
        if (!isGone(instance)) lifecycle.watch(instance);
      };
      await adopt({ driver, records, ends, log, occupy, add });
      // A set may have got new values since: what these instances print is what they were started with.
      for (const instance of instances.values()) instance.startedWith = await driver.secrets(instance.id);
      changed();
    },

    /** Ends and forgets every instance, whatever it holds; resolves when none is left. */
    async removeAll(graceSeconds: number): Promise<void> {
      await Promise.allSettled([...instances.values()].map((instance) => takeDown(instance, graceSeconds)));
    },

    /** Lets go of everything; instances and their sessions go on. */
    async close(): Promise<void> {
      clearInterval(looking);
      lifecycle.close();
      for (const { tenancy } of instances.values()) tenancy?.detach();
      await records.idle();
    },
  };
}

/**
 * One that ended while no worker looked is known by the secrets of now. Where those are not what it was started with, nobody can tell
 * which of its last lines hold one.
 */
function redactorOf({ record, startedWith }: Instance, spec: PreparedSpec): Redactor {
  const known = record.secretsVersion === spec.secretsVersion || Object.keys(startedWith).length > 0;
  return known ? createRedactor(spec.environment, startedWith, pullPassword(spec)) : createWithholder();
}

/** Engines don't repeat it, but a registry may write what it likes into its answer. */
function pullPassword({ registry }: PreparedSpec): Record<string, string> {
  if (!registry) return {};
  const [, ...password] = Buffer.from(registry.credentials, 'base64').toString().split(':');
  return { credentials: registry.credentials, password: password.join(':') };
}
