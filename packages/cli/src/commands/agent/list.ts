import type { ServiceList } from '@pipecat-cloud/contract/agents';
import type { CommandContext } from '../../lib/context.js';
import { minute } from '../../lib/format.js';
import { checkRegion } from '../../lib/regions.js';

type Summary = ServiceList['services'][number];

export async function listAgents(context: CommandContext, { region }: { region?: string }) {
  const [api, org] = [await context.api(), await context.org()];
  await checkRegion(api, org, region);
  const { services } = await api.listServices(org, region === undefined ? {} : { region });
  const { green, yellow } = context.colours;
  // Other servers of this contract leave it out of lists.
  const ready = ({ ready }: Summary) => (ready === undefined ? '-' : ready ? 'yes' : 'no');
  context.result({ agents: services }, () =>
    context.list(
      `No agents in ${org}${region ? `, region ${region}` : ''}. Deploy one with: pipecat cloud deploy`,
      ['NAME', 'READY', 'REGION', 'DEPLOYMENT', 'UPDATED (UTC)'],
      services.map((service) => [
        service.name,
        ready(service),
        service.region,
        service.activeDeploymentId?.slice(0, 8) ?? '-',
        minute(service.updatedAt),
      ]),
      {
        paint: (text, row, column) =>
          column !== 1
            ? text
            : services[row]?.ready
              ? green(text)
              : services[row]?.ready === false
                ? yellow(text)
                : text,
        // The columns of official clients, by position, for scripts that cut them out.
        plain: {
          headings: ['NAME', 'REGION', 'ID', 'DEPLOYMENT', 'CREATED', 'UPDATED', 'GITHUB', 'READY'],
          rows: services.map((service) => [
            service.name,
            service.region,
            service.id,
            service.activeDeploymentId ?? '',
            service.createdAt,
            service.updatedAt,
            gitText(service),
            ready(service),
          ]),
        },
      },
    ),
  );
}

/** `owner/repo@branch` of a linked agent. */
function gitText(service: Summary): string {
  const { git } = service as { git?: { repoFullName?: string; branch?: string } | null };
  return git ? `${git.repoFullName ?? '?'}@${git.branch ?? '?'}` : '';
}
