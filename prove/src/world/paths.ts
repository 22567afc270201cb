import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** The checkout. */
export const root = fileURLToPath(new URL('../../../', import.meta.url)).replace(/\/$/, '');
export const inRoot = (...parts: string[]) => join(root, ...parts);
/** A module of `scripts/lib`, which is not compiled. */
export const script = (name: string): Promise<unknown> => import(pathToFileURL(inRoot('scripts/lib', name)).href);

/** This process's environment without anything that is about this product, its tests or Node's own switches. */
export function plainEnvironment(additions: Record<string, string>): Record<string, string> {
  const kept = Object.entries(process.env).filter(
    ([name, value]) =>
      value !== undefined && !/^(PIPECAT|PCC_|PROVE|VITEST|NODE_|npm_|PORT$|TEST$|CI$|FORCE_COLOR$)/i.test(name),
  );
  return { ...(Object.fromEntries(kept) as Record<string, string>), ...additions };
}
