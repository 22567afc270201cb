import { type FileHandle, mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Makes a folder that only this user can enter. */
export async function makeFolder(path: string): Promise<string> {
  await mkdir(path, { recursive: true, mode: 0o700 });
  return path;
}

/**
 * Replaces a file as a whole (mode 600): readers see the old or the new text. With `durable` it also survives a power cut once
 * this resolves; without, it survives the end of this process. Calls for one path must not overlap.
 */
export async function replaceFile(path: string, text: string, { durable }: { durable: boolean }): Promise<void> {
  const temporary = `${path}.tmp`;
  try {
    await writeNew(temporary, text, durable);
    await rename(temporary, path);
  } catch (error) {
    // On a full disk nothing of it may stay.
    await rm(temporary, { force: true }).catch(() => undefined);
    throw error;
  }
  if (durable) await syncFolder(dirname(path));
}

async function writeNew(path: string, text: string, durable: boolean): Promise<void> {
  const file = await open(path, 'w', 0o600);
  try {
    await file.writeFile(text);
    if (durable) await file.datasync();
  } finally {
    await file.close();
  }
}

/** Writes all of it at a position, or throws: what the system takes at once may be a part, as on a disk that gets full. */
export async function writeWhole(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let written = 0; written < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, written, bytes.length - written, position + written);
    if (bytesWritten === 0) throw new Error('The system takes no more of a file');
    written += bytesWritten;
  }
}

/** The file's text, or undefined when there is none. */
export async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Removes a file that may be gone already. */
export async function removeFile(path: string): Promise<void> {
  await rm(path, { force: true });
}

// Without this a power cut may undo the rename.
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
