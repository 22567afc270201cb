import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const OUTPUTS = new Set(['node_modules', 'dist', '.cache']);

function addFile(hash, path, { size, mtimeMs }) {
  // Whole milliseconds, which copies keep.
  hash.update(`${path}\0${size}\0${Math.round(mtimeMs)}\n`);
}

function addPath(hash, root, path) {
  const found = statSync(join(root, path), { throwIfNoEntry: false });
  if (!found) hash.update(`${path}\0absent\n`);
  else if (!found.isDirectory()) addFile(hash, path, found);
  else {
    for (const name of readdirSync(join(root, path)).sort()) {
      if (!OUTPUTS.has(name)) addPath(hash, root, `${path}/${name}`);
    }
  }
}

/** One value for the names, sizes and times of these files and folders (relative to `root`), outputs left out. */
export function fingerprint(root, paths) {
  const hash = createHash('sha256');
  for (const path of paths) addPath(hash, root, path);
  return hash.digest('hex');
}

/** Remembers under `file` the fingerprint with which a step last succeeded. */
export function createStamp(file) {
  return {
    matches: (value) => existsSync(file) && readFileSync(file, 'utf8') === value,
    write(value) {
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, value);
    },
  };
}
