import type { LogRetentionState } from '@pipecat-cloud/contract/logs';
import { agentName } from '../../lib/agent-name.js';
import type { CommandContext } from '../../lib/context.js';
import { fields } from '../../lib/table.js';

export interface LogRetentionOptions {
  days?: number | 'none';
  megabytes?: number | 'none';
  configFile?: string;
}

/** `agent log-retention`: what is kept of an agent's log; with an option sets that limit and leaves the other. */
export async function agentLogRetention(
  context: CommandContext,
  argument: string | undefined,
  { days, megabytes, configFile }: LogRetentionOptions,
) {
  const name = await agentName(context, argument, configFile);
  const [api, org] = [await context.api(), await context.org()];
  const before = await api.getLogRetention(org, name);
  const chosen = (given: number | 'none' | undefined, kept: number | null) =>
    given === undefined ? kept : given === 'none' ? null : given;
  const now =
    days === undefined && megabytes === undefined
      ? before
      : await api.putLogRetention(org, name, {
          days: chosen(days, before.days),
          megabytes: chosen(megabytes, before.megabytes),
        });
  context.result({ name, ...now }, () => text(context, name, now));
}

function text({ colours }: CommandContext, name: string, { days, megabytes, effective }: LogRetentionState): string {
  const limit = (own: number | null, holds: number, unit: string) => {
    const held = holds === 0 ? 'no limit' : `${holds} ${unit}`;
    if (own === null) return `${held} (of the installation)`;
    return own === holds ? held : `${held} (of the installation; ${own} ${unit} are set for the agent)`;
  };
  const rows: [string, string][] = [
    ['Agent', name],
    ['Lines are kept for', limit(days, effective.days, 'days')],
    ['And at most', limit(megabytes, effective.megabytes, 'MiB')],
  ];
  return fields(rows, colours.bold);
}
