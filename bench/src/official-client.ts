import { dirname, join } from 'node:path';
import { root, script } from './environment.js';

export interface OfficialClient {
  /** The Python that has the published packages. */
  python: string;
  /** What a person would type: `pipecat cloud …`. */
  program: string;
  before: readonly string[];
  version: string;
}

interface PythonModule {
  NEWEST_OFFICIAL_CLI: { name: string; requirements: string };
  obtainPython(root: string, signal: undefined, options: object): Promise<{ python: string } | { reason: string }>;
}

/** The newest published command line in an environment of its own, or why it can't be had. */
export async function obtainOfficialClient(): Promise<OfficialClient | { reason: string }> {
  const { obtainPython, NEWEST_OFFICIAL_CLI } = (await script('python.mjs')) as PythonModule;
  const found = await obtainPython(root, undefined, NEWEST_OFFICIAL_CLI);
  if ('reason' in found) return found;
  return {
    python: found.python,
    program: join(dirname(found.python), 'pipecat'),
    before: ['cloud'],
    version: await versionOf(found.python),
  };
}

async function versionOf(python: string): Promise<string> {
  const { execFile } = await import('node:child_process');
  const { promisify } = await import('node:util');
  const code = 'import importlib.metadata as m; print(m.version("pipecatcloud"))';
  return (await promisify(execFile)(python, ['-c', code])).stdout.trim();
}
