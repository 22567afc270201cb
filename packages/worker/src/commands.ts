import type { Command } from '@pipecat-cloud/contract/worker';
import type { Builds } from './builds/builds.js';
import { CommandRefused } from './command-refused.js';
import type { Instances } from './instances/instances.js';

export interface CommandDeps {
  instances: Instances;
  builds: Builds;
}

/** Ids become file names, so they may not be paths. */
const plainId = /^[A-Za-z0-9_-][A-Za-z0-9_.-]{0,127}$/;

/** Carries out one command; throws `CommandRefused` where it can't be. Any command may come again. */
export async function carryOut({ instances, builds }: CommandDeps, command: Command): Promise<void> {
  switch (command.do) {
    case 'ensure':
      return instances.ensure({ ...command.spec, instanceId: checked(command.spec.instanceId) });
    case 'remove':
      return instances.remove(command.instanceId, command.graceSeconds, command.evenIfBusy ?? false);
    case 'activate':
      return instances.activate(command.activation);
    case 'stop':
      return instances.stop(command.instanceId, command.sessionId, command.epoch);
    case 'build':
      return builds.order({ ...command.order, buildId: checked(command.order.buildId) });
    case 'forget-build':
      return builds.forget(checked(command.buildId));
    default:
      throw new CommandRefused('unsupported', 'This worker does not know the command; upgrade it to the same release');
  }
}

function checked(id: string): string {
  if (!plainId.test(id)) throw new CommandRefused('failed', `'${id}' is no id`);
  return id;
}
