import { accessSync, constants, type Dirent, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { CliError, fileError, whyNot } from '../errors.js';

export interface ContextFile {
  /** Name in the archive: relative, with `/`. */
  name: string;
  /** Where its content is read from. */
  source: string;
  sizeBytes: number;
  executable: boolean;
}

/**
 * The regular files below a directory that are not excluded, sorted by name in code points. Links to files are
 * followed, links to directories are not entered, sockets and devices are passed over (contract §10.2).
 */
export function listFiles(directory: string, excluded: (path: string) => boolean): ContextFile[] {
  const found: ContextFile[] = [];

  function walk(folder: string, prefix: string): void {
    for (const entry of entriesOf(folder)) {
      const name = prefix + entry.name;
      if (excluded(name)) continue;
      const source = join(folder, entry.name);
      if (entry.isDirectory()) walk(source, `${name}/`);
      else if (entry.isFile() || entry.isSymbolicLink()) {
        const file = describe(name, source, entry.isSymbolicLink());
        if (file) found.push(file);
      }
    }
  }

  walk(directory, '');
  return found.sort(byName);
}

/** By code points; JavaScript's own order is that of UTF-16 units. */
export function byName({ name: a }: { name: string }, { name: b }: { name: string }): number {
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at++) {
    const [left, right] = [a.charCodeAt(at), b.charCodeAt(at)];
    if (left !== right) return rank(left) - rank(right);
  }
  return a.length - b.length;
}

/** Halves of a pair stand for code points behind all that fit into one unit. */
function rank(unit: number): number {
  return unit >= 0xd800 && unit < 0xe000 ? unit + 0x10000 : unit;
}

/** Nothing when it is no regular file. Throws what the system says when there is none. */
export function describeFile(name: string, source: string): ContextFile | undefined {
  const found = statSync(source);
  return found.isFile()
    ? { name, source, sizeBytes: found.size, executable: (found.mode & 0o111) !== 0 && isExecutable(source) }
    : undefined;
}

/** For this user, as the official command line asks it. */
function isExecutable(source: string): boolean {
  try {
    accessSync(source, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function entriesOf(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    throw fileError(`${folder} can't be read: ${whyNot(error)}.`, undefined, error);
  }
}

function describe(name: string, source: string, isLink: boolean): ContextFile | undefined {
  try {
    return describeFile(name, source);
  } catch (error) {
    if (isLink && (error as NodeJS.ErrnoException).code === 'ENOENT') {
      throw new CliError(`${name} is a symbolic link to a file that does not exist.`, {
        code: 'INVALID_FILE',
        hint: 'Remove it, or list it in .dockerignore or [build.exclude].',
      });
    }
    throw fileError(`${name} can't be read: ${whyNot(error)}.`, undefined, error);
  }
}
