import { cpSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { inRoot, root, temporaryFolder } from './paths.js';

/**
 * This checkout as it is, without its data, in a folder of its own: `./data` there is nobody's. What was built is not built again. The
 * notes of what was built are its own too: with those of this checkout, whoever starts here next would build under the feet of others.
 */
export function copyOfCheckout(): string {
  const copy = join(temporaryFolder('checkout'), 'pipecat-cloud');
  // What suites beside this one write while it is copied stays behind too.
  const left = new Set(['node_modules', '.git', 'data', 'test-results', '__pycache__']);
  cpSync(root, copy, {
    recursive: true,
    preserveTimestamps: true,
    filter: (path) => !left.has(relative(root, path).split(sep).at(-1) ?? ''),
  });
  const modules = join(copy, 'node_modules');
  mkdirSync(modules);
  for (const name of readdirSync(inRoot('node_modules'))) {
    if (name !== '.cache') symlinkSync(inRoot(`node_modules/${name}`), join(modules, name));
  }
  const notes = join('.cache', 'pipecat-cloud');
  cpSync(join(inRoot('node_modules'), notes), join(modules, notes), {
    recursive: true,
    filter: (path) => path.endsWith(notes) || path.includes(`${sep}build-`),
  });
  return copy;
}
