import type { CommandContext } from '../../lib/context.js';
import { minute } from '../../lib/format.js';
import { checkRegion } from '../../lib/regions.js';
import { table } from '../../lib/table.js';

export async function listAgents(context: CommandContext, { region }: { region?: string }) {
  const [api, org] = [await context.api(), await context.org()];
  await checkRegion(api, org, region);
  const { services } = await api.listServices(org, region === undefined ? {} : { region });
  const { bold, green, yellow } = context.colours;
  context.result({ services }, () =>
    services.length === 0
      ? `No agents in ${org}${region ? `, region ${region}` : ''}. Deploy one with: pipecat cloud deploy`
      : table(
          ['NAME', 'READY', 'REGION', 'DEPLOYMENT', 'UPDATED (UTC)'],
          services.map((service) => [
            service.name,
            // Other servers of this contract leave it out of lists.
            service.ready === undefined ? '-' : service.ready ? 'yes' : 'no',
            service.region,
            service.activeDeploymentId ?? '-',
            minute(service.updatedAt),
          ]),
          {
            width: context.width,
            head: bold,
            paint: (text, row, column) =>
              column !== 1
                ? text
                : services[row]?.ready
                  ? green(text)
                  : services[row]?.ready === false
                    ? yellow(text)
                    : text,
          },
        ),
  );
}
