import { findPackageJSON } from 'node:module';
import { dirname, join } from 'node:path';

/** The folder of the package `@pipecat-cloud/agent`: the base for TypeScript agents, and in `python/` the one for a bot.py. */
export interface AgentPackage {
  root: string;
  python: string;
}

export function findAgentPackage(): AgentPackage {
  const manifest = findPackageJSON('@pipecat-cloud/agent', import.meta.url);
  if (!manifest) throw new Error('the package @pipecat-cloud/agent is not installed; run npm install');
  const root = dirname(manifest);
  return { root, python: join(root, 'python') };
}
