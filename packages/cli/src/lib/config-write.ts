import { randomBytes } from 'node:crypto';
import { mkdir, open, realpath, rename, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { stringify } from 'smol-toml';
import type { ConfigValues } from './config-file.js';
import { fileError, whyNot } from './errors.js';

/** Replaces the file whole: other processes see the old or the new one, and a crash leaves one of them. Mode 0600. */
export async function writeConfigFile(path: string, values: ConfigValues): Promise<void> {
  let temporary: string | undefined;
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    // People keep such files as links into a folder of their own; the link must survive.
    const target = await realpath(path).catch(() => path);
    temporary = join(dirname(target), `.pipecatcloud_${randomBytes(6).toString('hex')}.tmp`);
    const file = await open(temporary, 'wx', 0o600);
    try {
      await file.writeFile(stringify(values));
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, target);
  } catch (error) {
    if (temporary) await unlink(temporary).catch(() => undefined);
    throw fileError(
      `The credentials file ${path} can't be written: ${whyNot(error)}.`,
      'Make its folder writable, or set PIPECAT_CONFIG_PATH to another file. Nothing was changed.',
      error,
    );
  }
}

/** True when a file was there. */
export async function removeConfigFile(path: string): Promise<boolean> {
  try {
    await unlink(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw fileError(`The credentials file ${path} can't be removed: ${whyNot(error)}.`, 'Remove it by hand.', error);
  }
}
