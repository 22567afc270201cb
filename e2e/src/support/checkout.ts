import { cpSync, symlinkSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { inRoot, root, temporaryFolder } from './paths.js';

/** This checkout as it is, without its data, in a folder of its own: `./data` there is nobody's. */
export function copyOfCheckout(): string {
  const copy = join(temporaryFolder('checkout'), 'pipecat-cloud');
  const left = new Set(['node_modules', '.git', 'data']);
  cpSync(root, copy, { recursive: true, filter: (path) => !left.has(relative(root, path).split(sep).at(-1) ?? '') });
  symlinkSync(inRoot('node_modules'), join(copy, 'node_modules'));
  return copy;
}
