import type { CommandContext } from '../../lib/context.js';
import { exitCodes } from '../../lib/errors.js';
import { plural } from '../../lib/format.js';
import { type Check, failure, passed, warned } from '../auth/check-result.js';

/** Is there anywhere to deploy to? */
export async function checkRegions(context: CommandContext): Promise<Check> {
  try {
    const { regions } = await (await context.api()).listRegions(await context.org());
    const codes = regions.map(({ code }) => code).join(', ');
    if (codes) return passed('regions', `agents can run in ${codes}`);
    return {
      ...{ name: 'regions', ok: false, exit: exitCodes.conflict },
      text: 'there is no region to deploy to',
      hint: 'Whoever runs the installation gives it a worker.',
    };
  } catch (error) {
    return failure(context, 'regions', error);
  }
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
