import { agentName } from '../../lib/agent-name.js';
import type { CommandContext } from '../../lib/context.js';
import { deploymentIdOf } from '../../lib/deployment-id.js';

export interface PromoteOptions {
  canary?: number;
  deployment?: string;
  configFile?: string;
}

/** `agent promote`: the deployment that waits gets the new sessions, or a share of them. */
export async function promoteAgent(context: CommandContext, argument: string | undefined, options: PromoteOptions) {
  const name = await agentName(context, argument, options.configFile);
  const [api, org] = [await context.api(), await context.org()];
  const { deployment } = options;
  const deploymentId = deployment === undefined ? undefined : await deploymentIdOf(api, org, name, deployment);
  const service = await api.promoteService(org, name, {
    ...(options.canary === undefined ? {} : { canaryPercent: options.canary }),
    ...(deploymentId === undefined ? {} : { deploymentId }),
  });
  const { green } = context.colours;
  const id = (service.desiredDeploymentId ?? '').slice(0, 8);
  const share = options.canary === undefined ? 'the new sessions' : `${options.canary}% of the new sessions`;
  context.result(service, () =>
    service.rollout?.state === 'starting'
      ? `Accepted: deployment ${id} of ${name} is not ready yet; once it is, it takes ${share}.`
      : `${green('Promoted:')} deployment ${id} of ${name} takes ${share}.`,
  );
}
