import { agentName } from '../../lib/agent-name.js';
import type { CommandContext } from '../../lib/context.js';
import { wholeDeploymentId } from '../../lib/deployment-id.js';

/** `agent rollback`: an older deployment is live again when this returns. */
export async function rollBackAgent(
  context: CommandContext,
  argument: string | undefined,
  deployment: string | undefined,
  options: { configFile?: string },
) {
  const name = await agentName(context, argument, options.configFile);
  const [api, org] = [await context.api(), await context.org()];
  const deploymentId = deployment === undefined ? undefined : await wholeDeploymentId(api, org, name, deployment);
  const service = await api.rollBackService(org, name, deploymentId === undefined ? {} : { deploymentId });
  const { green } = context.colours;
  const source = service.deployment?.manifest.spec.image ?? service.deployment?.buildId;
  context.result(
    service,
    () =>
      `${green('Rolled back:')} deployment ${(service.activeDeploymentId ?? '').slice(0, 8)} of ${name} takes the new sessions${source ? ` (${source})` : ''}.`,
  );
}
