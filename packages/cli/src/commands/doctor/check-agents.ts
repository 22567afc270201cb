import { ApiError, type Client } from '@pipecat-cloud/contract/client';
import type { Region } from '@pipecat-cloud/contract/regions';
import type { CommandContext } from '../../lib/context.js';
import { exitCodes } from '../../lib/errors.js';
import { plural } from '../../lib/format.js';
import { type Check, failure, passed, warned } from '../auth/check-result.js';

/** Is there anywhere to deploy to? */
export async function checkRegions(context: CommandContext): Promise<Check[]> {
  try {
    const [api, org] = [await context.api(), await context.org()];
    const { regions } = await api.listRegions(org);
    const codes = regions.map(({ code }) => code);
    if (codes.length > 0) {
      const own = await Promise.all(codes.slice(0, lookedAt).map((code) => ownRegion(api, org, code)));
      const engines = own.flatMap((region) => (region ? [engineOf(region)] : []));
      return [passed('regions', `agents can run in ${codes.join(', ')}`), ...engines];
    }
    return [
      {
        ...{ name: 'regions', ok: false, exit: exitCodes.conflict },
        text: 'there is no region to deploy to',
        hint: 'Whoever runs the installation gives it a worker.',
      },
    ];
  } catch (error) {
    return [failure(context, 'regions', error)];
  }
}

const lookedAt = 10;

/** Undefined for a region of the installation, whose machines are not this organization's to look at. */
async function ownRegion(api: Client, org: string, code: string): Promise<Region | undefined> {
  return api.getRegion(org, code).catch((error: unknown) => {
    if (error instanceof ApiError && error.fromApi && error.status < 500) return undefined;
    throw error;
  });
}

/** A region of the organization's own has workers, and they are what runs agents and builds images there. */
function engineOf({ region_key: key, workers }: Region): Check {
  const connected = workers.filter((worker) => worker.connected).length;
  if (connected > 0) return passed('engine', `${key} has ${plural(connected, 'worker')} connected`);
  return warned(
    'engine',
    `${key} has ${workers.length === 0 ? 'no worker' : 'no worker that is connected'}, so nothing runs there`,
    workers.length === 0
      ? `Give it one: pipecat cloud regions enroll-token ${key}`
      : `See whether they run and reach the server: pipecat cloud regions show ${key}`,
  );
}

const shown = 3;

/** What is deployed and does not run says that something is wrong with what runs agents, or with them. */
export async function checkAgents(context: CommandContext): Promise<Check[]> {
  try {
    const [api, org] = [await context.api(), await context.org()];
    const { services } = await api.listServices(org);
    const down = services.filter(({ ready }) => ready === false);
    if (down.length === 0)
      return [
        passed('agents', services.length === 0 ? 'no agents yet' : `${plural(services.length, 'agent')}, all ready`),
      ];
    const looked = await Promise.all(down.slice(0, shown).map(({ name }) => api.getService(org, name)));
    const more =
      down.length > shown
        ? [warned('agents', `${down.length - shown} more are not ready`, 'See: pipecat cloud agent list')]
        : [];
    return [
      ...looked.map(({ name, errors, available, reconciledDeploymentId, desiredDeploymentId }) => {
        const [fault] = errors ?? [];
        const waits = desiredDeploymentId !== null && reconciledDeploymentId !== desiredDeploymentId;
        const why =
          fault?.message ?? (waits ? 'no worker has taken its deployment yet' : 'it is starting, or restarts');
        const serves = available ? '; the deployment before serves' : '';
        return warned(
          'agents',
          `${name} is not ready: ${why.replace(/\.$/, '')}${serves}`,
          `See: pipecat cloud agent status ${name}, pipecat cloud agent logs ${name}`,
        );
      }),
      ...more,
    ];
  } catch (error) {
    return [failure(context, 'agents', error)];
  }
}
