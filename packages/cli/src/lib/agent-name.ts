import type { CommandContext } from './context.js';
import { findDeployFile } from './deploy-file.js';
import { usageError } from './errors.js';

/** The agent that a command is about: its argument, else `agent_name` of the deploy file. Neither: exit 2. */
export async function agentName(
  { io }: CommandContext,
  argument: string | undefined,
  configFile: string | undefined,
): Promise<string> {
  if (argument !== undefined && configFile === undefined) return argument;
  const file = await findDeployFile(io, configFile);
  const name = argument ?? file?.agentName;
  if (name) return name;
  throw usageError('No agent named.', 'Give its name, or set agent_name in pcc-deploy.toml.');
}
