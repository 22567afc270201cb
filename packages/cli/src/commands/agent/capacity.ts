import type { Capacity } from '@pipecat-cloud/contract/pool';
import { agentName } from '../../lib/agent-name.js';
import type { CommandContext } from '../../lib/context.js';
import { time } from '../../lib/format.js';
import { reuseText } from '../../lib/reuse.js';
import { fields } from '../../lib/table.js';

const shownDecisions = 10;

/** `agent capacity`: what is warm, and why so many. */
export async function agentCapacity(
  context: CommandContext,
  argument: string | undefined,
  options: { configFile?: string },
) {
  const name = await agentName(context, argument, options.configFile);
  const [api, org] = [await context.api(), await context.org()];
  const capacity = await api.getCapacity(org, name);
  context.result({ name, ...capacity }, () => capacityText(name, capacity, context));
}

function capacityText(name: string, capacity: Capacity, { colours }: CommandContext): string {
  const { now, decisions } = capacity;
  const counts: [string, number][] = [
    ['starting', capacity.starting],
    ['settling', capacity.settling],
    ['quarantined', capacity.quarantined],
    ['leaving', capacity.leaving],
  ];
  const others = counts.filter(([, count]) => count > 0).map(([what, count]) => `${count} ${what}`);
  const rows: [string, string][] = [
    ['Agent', name],
    ['Sessions', `${capacity.active} active, ${capacity.maxAgents} at most`],
    ['Idle', now ? `${capacity.idle} of ${now.target}` : String(capacity.idle)],
    ['Free', `${capacity.free} places without an instance`],
    ...(others.length > 0 ? [['Others', others.join(', ')] as [string, string]] : []),
    ...(capacity.waiting > 0 ? [['Waiting', `${capacity.waiting} callers`] as [string, string]] : []),
    ['Reuse', reuseText(capacity.reuse)],
    ['Why', now?.why ?? 'No deployment is live yet, so nothing is kept'],
  ];
  const past = decisions.slice(0, shownDecisions).map(({ at, why }) => `${time(at)} UTC  ${why}`);
  return [fields(rows, colours.bold), ...(past.length > 0 ? ['', colours.bold('Changes'), ...past] : [])].join('\n');
}
