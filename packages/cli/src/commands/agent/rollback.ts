import type { Client } from '@pipecat-cloud/contract/client';
import { agentName } from '../../lib/agent-name.js';
import type { CommandContext } from '../../lib/context.js';
import { CliError, exitCodes, usageError } from '../../lib/errors.js';

/** Shorter beginnings are too easily another's. */
const leastOfId = 4;

/** `agent rollback`: an older deployment is live again when this returns. */
export async function rollBackAgent(
  context: CommandContext,
  argument: string | undefined,
  deployment: string | undefined,
  options: { configFile?: string },
) {
  const name = await agentName(context, argument, options.configFile);
  const [api, org] = [await context.api(), await context.org()];
  const deploymentId = deployment === undefined ? undefined : await fullId(api, org, name, deployment);
  const service = await api.rollBackService(org, name, deploymentId === undefined ? {} : { deploymentId });
  const { green } = context.colours;
  const source = service.deployment?.manifest.spec.image ?? service.deployment?.buildId;
  context.result(
    service,
    () =>
      `${green('Rolled back:')} deployment ${(service.activeDeploymentId ?? '').slice(0, 8)} of ${name} takes the new sessions${source ? ` (${source})` : ''}.`,
  );
}

/** People type what tables show: the beginning. */
async function fullId(api: Client, org: string, name: string, start: string): Promise<string> {
  if (start.length < leastOfId) {
    throw usageError(
      `'${start}' is too short for the beginning of an id.`,
      `Give at least ${leastOfId} characters of it.`,
    );
  }
  const { deployments } = await api.listDeployments(org, name);
  const found = deployments.filter(({ id }) => id.startsWith(start));
  if (found.length === 1 && found[0]) return found[0].id;
  if (found.length > 1) {
    throw usageError(`${found.length} deployments of ${name} begin with '${start}'.`, 'Give more of the id.');
  }
  throw new CliError(`${name} has no deployment '${start}'.`, {
    exit: exitCodes.notFound,
    code: '404',
    hint: `Those that it has: pipecat cloud agent history ${name}`,
  });
}
