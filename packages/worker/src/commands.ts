import type { BuildOrder, Command, InstanceSpec, PulledImage } from '@pipecat-cloud/contract/worker';
import type { Builds, PreparedOrder } from './builds/builds.js';
import { CommandRefused } from './command-refused.js';
import { DriverError } from './drivers/driver.js';
import { HostSecretError, type HostSecrets } from './host-secrets.js';
import type { Instances } from './instances/instances.js';
import type { PreparedSpec } from './instances/lifecycle.js';

export interface CommandDeps {
  instances: Instances;
  builds: Builds;
  secrets: HostSecrets;
  forgetImage: (image: PulledImage) => Promise<void>;
}

/** Ids become file names, so they may not be paths. */
const plainId = /^[A-Za-z0-9_-][A-Za-z0-9_.-]{0,127}$/;

/** Carries out one command; throws `CommandRefused` where it can't be. Any command may come again. */
export async function carryOut(deps: CommandDeps, command: Command): Promise<void> {
  const { instances, builds, secrets } = deps;
  switch (command.do) {
    case 'ensure':
      return instances.ensure(
        await prepare(secrets, { ...command.spec, instanceId: checked(command.spec.instanceId) }),
      );
    case 'remove':
      return instances.remove(command.instanceId, command.graceSeconds, command.evenIfBusy ?? false);
    case 'activate':
      return instances.activate(command.activation);
    case 'stop':
      return instances.stop(command.instanceId, command.sessionId, command.epoch);
    case 'abandon':
      return instances.abandon(command.instanceId, command.sessionId, command.epoch);
    case 'build':
      return builds.order(await prepareBuild(secrets, { ...command.order, buildId: checked(command.order.buildId) }));
    case 'check-secret-set':
      await readOrRefuse(secrets, command.name);
      return;
    case 'forget-build':
      return await unlessUsed(builds.forget(checked(command.buildId)));
    case 'forget-image':
      return await unlessUsed(deps.forgetImage(command.image));
    default:
      throw new CommandRefused('unsupported', 'This worker does not know the command; upgrade it to the same release');
  }
}

function checked(id: string): string {
  if (!plainId.test(id)) throw new CommandRefused('failed', `'${id}' is no id`);
  return id;
}

/** With the values of a set that lies on this machine. One that can't be used makes the instance fail, which says why to whoever waits. */
async function prepare(secrets: HostSecrets, spec: InstanceSpec): Promise<PreparedSpec> {
  if (spec.referencedSecretSet === undefined) return spec;
  try {
    const { values, version } = await secrets.read(spec.referencedSecretSet);
    return { ...spec, environment: { ...values, ...spec.environment }, secretsVersion: version };
  } catch (error) {
    if (!(error instanceof HostSecretError)) throw error;
    return { ...spec, impossible: error.message };
  }
}

async function prepareBuild(secrets: HostSecrets, order: BuildOrder): Promise<PreparedOrder> {
  if (order.referencedSecretSet === undefined) return order;
  try {
    return { ...order, secrets: { ...(await secrets.read(order.referencedSecretSet)).values, ...order.secrets } };
  } catch (error) {
    if (!(error instanceof HostSecretError)) throw error;
    return { ...order, impossible: error.message };
  }
}

async function unlessUsed(forgotten: Promise<void>): Promise<void> {
  try {
    await forgotten;
  } catch (error) {
    // An instance uses it.
    if (error instanceof DriverError) throw new CommandRefused('busy', error.message);
    throw error;
  }
}

async function readOrRefuse(secrets: HostSecrets, name: string): Promise<void> {
  try {
    await secrets.read(name);
  } catch (error) {
    if (error instanceof HostSecretError) throw new CommandRefused('failed', error.message);
    throw error;
  }
}
