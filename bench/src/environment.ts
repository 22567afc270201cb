import { delimiter, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** The checkout. */
export const root = fileURLToPath(new URL('../../', import.meta.url)).replace(/\/$/, '');

/** A module of `scripts/lib`, which is not compiled. */
export const script = (name: string): Promise<unknown> => import(pathToFileURL(join(root, 'scripts/lib', name)).href);

/** What a person who has just opened a terminal would have: nothing about this product, npm or Node's own switches. */
export function plainEnvironment(additions: Record<string, string> = {}): Record<string, string> {
  const environment: Record<string, string> = {};
  for (const [name, value] of Object.entries(process.env)) {
    if (value === undefined || /^(PIPECAT|PCC_|NODE_|npm_|PORT$|CI$|FORCE_COLOR$)/i.test(name)) continue;
    environment[name] = value;
  }
  // npm puts the folders of the workspace's programs first for its scripts.
  environment.PATH = (environment.PATH ?? '')
    .split(delimiter)
    .filter((folder) => !/node_modules|node-gyp-bin/.test(folder))
    .join(delimiter);
  return { ...environment, ...additions };
}
