import { copyFileSync, linkSync, mkdirSync, realpathSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { resources } from './environment.js';
import { temporaryFolder } from './paths.js';
import { run } from './processes.js';

// The folder of a machine that a CI system hands out: it is all that the machine has beyond the system.

/** As setup-node leaves it: a Node.js whose global packages are beside it. */
export async function makeNodeMachine(): Promise<string> {
  const bin = join(temporaryFolder('machine'), 'bin');
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
  return bin;
}

/** As setup-python leaves it: a Python that `pip` puts packages into. */
export async function makePythonMachine(): Promise<string> {
  const folder = temporaryFolder('machine');
  const made = run(resources.newestOfficial ?? 'python3', ['-m', 'venv', folder], {});
  expect(await made.ended, made.stderr()).toBe(0);
  return join(folder, 'bin');
}
