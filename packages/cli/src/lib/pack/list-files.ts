import type { Dirent } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
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
export async function listFiles(directory: string, excluded: (path: string) => boolean): Promise<ContextFile[]> {
  const found: ContextFile[] = [];

  async function walk(folder: string, prefix: string): Promise<void> {
    let entries: Dirent[];
    try {
      entries = await readdir(folder, { withFileTypes: true });
    } catch (error) {
      throw fileError(`${folder} can't be read: ${whyNot(error)}.`, undefined, error);
    }
    for (const entry of entries) {
      const name = prefix + entry.name;
      if (excluded(name)) continue;
      const source = join(folder, entry.name);
      if (entry.isDirectory()) await walk(source, `${name}/`);
      else if (entry.isFile() || entry.isSymbolicLink()) {
        const file = await describe(name, source, entry.isSymbolicLink());
        if (file) found.push(file);
      }
    }
  }

  await walk(directory, '');
  return found.sort(byName);
}

/** UTF-8 bytes sort as code points do; JavaScript's own order is that of UTF-16 units. */
export function byName(a: { name: string }, b: { name: string }): number {
  return Buffer.compare(Buffer.from(a.name), Buffer.from(b.name));
}

export async function describeFile(name: string, source: string): Promise<ContextFile | undefined> {
  const { size, mode, isFile } = await stat(source).then((s) => ({ size: s.size, mode: s.mode, isFile: s.isFile() }));
  return isFile ? { name, source, sizeBytes: size, executable: (mode & 0o111) !== 0 } : undefined;
}

async function describe(name: string, source: string, isLink: boolean): Promise<ContextFile | undefined> {
  try {
    return await describeFile(name, source);
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
