import type { Service } from '@pipecat-cloud/contract/agents';
import type { Deployment } from '@pipecat-cloud/contract/deployments';
import { agentName } from '../../lib/agent-name.js';
import type { CommandContext } from '../../lib/context.js';
import { minute } from '../../lib/format.js';

/** `agent deployments`: newest first, the one that serves marked. */
export async function agentDeployments(
  context: CommandContext,
  argument: string | undefined,
  options: { configFile?: string },
) {
  const name = await agentName(context, argument, options.configFile);
  const [api, org] = [await context.api(), await context.org()];
  const [{ deployments }, service] = await Promise.all([api.listDeployments(org, name), api.getService(org, name)]);
  const { green } = context.colours;
  const mark = ({ id }: Deployment) =>
    id === service.activeDeploymentId ? 'live' : id === service.desiredDeploymentId ? pending(service) : '';
  context.result({ deployments }, () =>
    context.list(
      `${name} has no deployments.`,
      ['DEPLOYMENT', 'STATE', 'IMAGE OR BUILD', 'CREATED (UTC)'],
      deployments.map((deployment) => [
        deployment.id,
        mark(deployment) || '-',
        sourceOf(deployment),
        minute(deployment.createdAt),
      ]),
      {
        paint: (text, row) => (deployments[row]?.id === service.activeDeploymentId ? green(text) : text),
        // The columns of official clients, by position; ours after them.
        plain: {
          headings: ['DEPLOYMENT', 'NODE TYPE', 'IMAGE OR BUILD', 'CREATED', 'UPDATED', 'STATE'],
          rows: deployments.map((deployment) => [
            deployment.id,
            deployment.manifest?.spec?.dailyNodeType ?? '',
            sourceOf(deployment),
            deployment.createdAt,
            deployment.updatedAt,
            mark(deployment),
          ]),
        },
      },
    ),
  );
}

/** What becomes of the desired deployment that is not live. Other servers of the contract do not say. */
function pending({ rollout }: Service): string {
  return rollout?.state === undefined || rollout.state === 'complete' ? 'starting' : rollout.state;
}

/** What it was made from. Other servers of the contract may leave any of it out. */
export function sourceOf(deployment: Partial<Pick<Deployment, 'buildId' | 'manifest'>>): string {
  return deployment.buildId ? `build ${deployment.buildId}` : (deployment.manifest?.spec?.image ?? '-');
}
