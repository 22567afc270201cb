import { agentName } from '../../lib/agent-name.js';
import type { CommandContext } from '../../lib/context.js';
import { usageError } from '../../lib/errors.js';
import { type ReuseFlags, reuseOf, reuseText } from '../../lib/reuse.js';

export interface ScaleOptions extends ReuseFlags {
  minAgents?: number;
  maxAgents?: number;
  configFile?: string;
}

/** `agent scale`: other limits and another reuse policy for what runs, without a new deployment. What no option names stays. */
export async function scaleAgent(context: CommandContext, argument: string | undefined, options: ScaleOptions) {
  const { minAgents, maxAgents } = options;
  const reuse = reuseOf(options);
  if (minAgents === undefined && maxAgents === undefined && reuse === undefined) {
    throw usageError('Nothing to change.', 'Give --min-agents COUNT, --max-agents COUNT or --reuse, or more of them.');
  }
  const name = await agentName(context, argument, options.configFile);
  const [api, org] = [await context.api(), await context.org()];
  const { autoScaling } = await api.getService(org, name);
  const limits = {
    minAgents: minAgents ?? autoScaling.minReplicas,
    maxAgents: maxAgents ?? autoScaling.maxReplicas,
  };
  if (limits.minAgents > limits.maxAgents) {
    throw usageError(
      `${name} would keep ${limits.minAgents} warm with ${limits.maxAgents} at most.`,
      minAgents === undefined
        ? 'Lower the minimum with it: --min-agents COUNT'
        : 'Raise the maximum with it: --max-agents COUNT',
    );
  }
  const service = await api.updateService(org, { serviceName: name, autoScaling: limits, ...(reuse ? { reuse } : {}) });
  context.result(
    { name, autoScaling: { minReplicas: limits.minAgents, maxReplicas: limits.maxAgents }, service },
    () =>
      `${name} keeps ${limits.minAgents} warm and runs ${limits.maxAgents} at most.${reuse ? ` Its instances: ${reuseText(reuse)}.` : ''}`,
  );
}
