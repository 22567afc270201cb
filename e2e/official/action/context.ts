import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { archive } from '../../src/support/archives.js';

/** Never sent, whatever a `.dockerignore` says. */
const secrets = ['.env', '.env.*', '*.pem', '*.key'];
/** Left out where there is no `.dockerignore`: those of the Action's list that occur in the folders of these tests. */
const usual = [...secrets, '.git', '__pycache__', '*.pyc', '.venv', 'node_modules', 'pcc-deploy.toml', '*.log'];

export interface Context {
  tarball: Buffer;
  hash: string;
  files: string[];
}

/** Packs a folder by the Action's rules (contract §10.2): regular files, sorted, without times and owners. */
export function packContext(folder: string): Context {
  const all = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));
  const ignored = all.includes('.dockerignore') ? [...patternsOf(folder), ...secrets] : usual;
  const files = all.filter((path) => !ignored.some((pattern) => matches(path, pattern))).sort();
  const tarball = archive(...files.map((path) => ({ path, content: readFileSync(join(folder, path), 'utf8') })));
  return { tarball, files, hash: createHash('md5').update(tarball).digest('hex').slice(0, 16) };
}

function patternsOf(folder: string): string[] {
  const lines = readFileSync(join(folder, '.dockerignore'), 'utf8').split('\n');
  return lines.map((line) => line.trim()).filter((line) => line !== '' && !line.startsWith('#'));
}

/** A pattern fits any part of a path, or the whole of it; only `*` is special. */
function matches(path: string, pattern: string): boolean {
  const text = pattern.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*');
  return [path, ...path.split('/')].some((part) => new RegExp(`^${text}$`).test(part));
}
