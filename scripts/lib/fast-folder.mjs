import { accessSync, chmodSync, constants, mkdtempSync, readFileSync, rmdirSync, rmSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { warn } from './output.mjs';

const MEMORY = '/dev/shm';
const ENOUGH_BYTES = 4 * 1024 ** 3;

/**
 * A new folder in memory for what the tests write: hundreds of databases are made, flushed and dropped, and a disk takes longer
 * for that than the tests for all the rest. Returns `{ folder, remove() }`; undefined where there is no such place, where programs
 * must not be run from there, or where there is little room or memory.
 */
export function makeFastFolder({
  place = MEMORY,
  mounts = '/proc/mounts',
  memory = '/proc/meminfo',
  enough = ENOUGH_BYTES,
} = {}) {
  try {
    const [, , kind, options = ''] =
      readFileSync(mounts, 'utf8')
        .split('\n')
        .map((line) => line.split(' '))
        .findLast(([, path]) => path === place) ?? [];
    if (kind !== 'tmpfs' || options.split(',').includes('noexec')) return undefined;
    const { bavail, bsize } = statfsSync(place);
    const available = Number(/^MemAvailable: +(\d+) kB$/m.exec(readFileSync(memory, 'utf8'))?.[1] ?? 0) * 1024;
    if (Math.min(bavail * bsize, available) < enough) return undefined;
    accessSync(place, constants.W_OK);
  } catch {
    return undefined; // Not Linux.
  }
  const folder = newFolder(place);
  const remove = () => {
    try {
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    } catch (error) {
      warn(`${folder} could not be removed, something still writes there or is mounted: ${error.message}`);
    }
  };
  return { folder, remove };
}

/** The same on a disk, where what is left behind is kept: it may be evidence. */
export function makeDiskFolder(place) {
  const folder = newFolder(place);
  return { folder, remove: () => removeIfEmpty(folder) };
}

/** Removes a folder that has nothing in it. */
export function removeIfEmpty(folder) {
  try {
    rmdirSync(folder);
  } catch (error) {
    if (error.code !== 'ENOTEMPTY' && error.code !== 'ENOENT') throw error;
  }
}

function newFolder(place) {
  const folder = mkdtempSync(join(place, 'pcc-'));
  // PostgreSQL runs as another user where the tests run as root.
  chmodSync(folder, 0o711);
  return folder;
}
