import { agentName } from '../../lib/agent-name.js';
import type { CommandContext } from '../../lib/context.js';

export interface StopOptions {
  sessionId: string;
  force?: boolean;
  yes?: boolean;
  configFile?: string;
}

export async function stopSession(context: CommandContext, argument: string | undefined, options: StopOptions) {
  const name = await agentName(context, argument, options.configFile);
  if (!options.force && !options.yes) {
    await context.confirm(
      `End session ${options.sessionId} of ${name} at once? Whoever is in it is cut off.`,
      '--force',
    );
  }
  const [api, org] = [await context.api(), await context.org()];
  const stopped = await api.stopSession(org, name, options.sessionId);
  context.result(stopped, () => `Session ${options.sessionId} is stopped.`);
}
