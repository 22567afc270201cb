import { spawnSync } from 'node:child_process';
import { closeSync, ftruncateSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';

const chunk = Buffer.alloc(64 * 1024, 1);

/** Writes until nothing more fits; what is returned makes room again. */
export async function fillDisk(folder: string): Promise<() => void> {
  const path = join(folder, 'filler');
  const file = openSync(path, 'w');
  for (let size = chunk.length; size >= 1; size = Math.floor(size / 8)) {
    try {
      for (;;) writeSync(file, chunk, 0, size);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    }
  }
  return () => {
    ftruncateSync(file, 0);
    closeSync(file);
    rmSync(path, { force: true });
  };
}

/** Mounts a disk of its own, in memory, of so many megabytes. Returns what unmounts it, or why it can't be had. */
export function mountDisk(folder: string, megabytes: number): { unmount: () => void } | { reason: string } {
  if (process.getuid?.() !== 0) return { reason: 'only root can mount a disk' };
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m,mode=700`, 'prove', folder]);
  if (mounted.status !== 0) return { reason: `mount failed: ${String(mounted.stderr).trim()}` };
  return { unmount: () => void spawnSync('umount', ['-l', folder]) };
}
