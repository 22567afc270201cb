import type { DeploymentRecord } from '@pipecat-cloud/contract/deployments';
import { agentName } from '../../lib/agent-name.js';
import type { CommandContext } from '../../lib/context.js';
import { minute } from '../../lib/format.js';
import { sourceOf } from './deployments.js';

/** Members that only this project's servers have: others of the contract list deployments without them. */
type Listed = Pick<DeploymentRecord, 'id' | 'createdAt' | 'manifest' | 'buildId'> & Partial<DeploymentRecord>;

/** `agent history`: newest first; who made each, what it changed, what became of it and why. */
export async function agentHistory(
  context: CommandContext,
  argument: string | undefined,
  options: { configFile?: string },
) {
  const name = await agentName(context, argument, options.configFile);
  const [api, org] = [await context.api(), await context.org()];
  const { deployments }: { deployments: Listed[] } = await api.listDeployments(org, name);
  const { green, red, yellow } = context.colours;
  const colourOf: Partial<Record<string, (text: string) => string>> = {
    ...{ live: green, failed: red, canary: yellow, held: yellow, starting: yellow },
  };
  context.result({ deployments }, () =>
    context.list(
      `${name} has no deployments.`,
      ['DEPLOYMENT', 'STATE', 'MADE (UTC)', 'BY', 'WHAT CHANGED'],
      deployments.map((deployment) => [
        deployment.id.slice(0, 8),
        deployment.state ?? '-',
        minute(deployment.createdAt),
        madeBy(deployment),
        [changes(deployment), failure(deployment)].filter(Boolean).join(' · '),
      ]),
      {
        paint: (text, row, column) => (column === 1 ? (colourOf[deployments[row]?.state ?? ''] ?? String)(text) : text),
        plain: {
          headings: ['DEPLOYMENT', 'STATE', 'MADE', 'BY', 'READY', 'LIVE', 'WHAT CHANGED', 'ERROR'],
          rows: deployments.map((deployment) => [
            deployment.id,
            deployment.state ?? '',
            deployment.createdAt,
            madeBy(deployment),
            deployment.readyAt ?? '',
            deployment.liveAt ?? '',
            changes(deployment),
            failure(deployment),
          ]),
        },
      },
    ),
  );
}

function madeBy({ deployedBy }: Listed): string {
  if (!deployedBy) return '-';
  return deployedBy.name ?? deployedBy.id ?? (deployedBy.kind === 'unknown' ? '-' : deployedBy.kind);
}

/** The first of all has nothing before it, so its source is what it brought. */
function changes(deployment: Listed): string {
  const told = (deployment.changes ?? []).map(
    ({ setting, from, to }) => `${setting} ${from ?? 'none'} → ${to ?? 'none'}`,
  );
  return told.length > 0 ? told.join(', ') : sourceOf(deployment);
}

function failure({ error, state }: Listed): string {
  return error && state === 'failed' ? `${error.code}: ${error.message}` : '';
}
