import { copyFileSync, linkSync, mkdirSync, realpathSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { resources } from './environment.js';
import { temporaryFolder } from './paths.js';
import { run } from './processes.js';

/** What a machine that a CI system hands out has beyond the system. */
export interface Machine {
  /** The folder of its programs. */
  bin: string;
  /** Where its package manager looks, and what it has downloaded before: no business of a job. */
  settings: Readonly<Record<string, string>>;
}

/**
 * As setup-node leaves it: a Node.js whose global packages are beside it, and a cache of what npm has downloaded. The first job fills
 * that from the registry, and those after it find it there.
 */
export async function makeNodeMachine(registry: string): Promise<Machine> {
  const folder = temporaryFolder('machine');
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  const node = realpathSync(process.execPath);
  try {
    linkSync(node, join(bin, 'node'));
  } catch {
    copyFileSync(node, join(bin, 'node')); // Another file system.
  }
  for (const name of ['npm', 'npx']) {
    const found = run('sh', ['-c', `command -v ${name}`], { env: { PATH: '/usr/local/bin:/usr/bin:/bin' } });
    await found.ended;
    symlinkSync(realpathSync(found.stdout().trim()), join(bin, name));
  }
  return { bin, settings: { npm_config_registry: registry, npm_config_cache: join(folder, 'cache') } };
}

/** As setup-python leaves it: a Python that `pip` puts packages into. The index has those that the files ask for, kept by `npm test`. */
export async function makePythonMachine(): Promise<Machine> {
  const folder = temporaryFolder('machine');
  const python = resources.newestOfficial ?? 'python3';
  const made = run(python, ['-m', 'venv', folder], {});
  expect(await made.ended, made.stderr()).toBe(0);
  const wheels = join(python, '../../wheels');
  return { bin: join(folder, 'bin'), settings: { PIP_NO_INDEX: '1', PIP_FIND_LINKS: wheels, PIP_NO_COMPILE: '1' } };
}
