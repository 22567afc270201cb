import { createHash } from 'node:crypto';
import { type FileHandle, mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileError, whyNot } from '../errors.js';
import { gzip, pieceBytes } from './gzip.js';
import type { ContextFile } from './list-files.js';
import { tarPieces } from './tar.js';

export interface Packed {
  /** Read from position 0. The file has no name any more where the system allows that. */
  file: FileHandle;
  sizeBytes: number;
  /** First 16 hex digits of the MD5 of the archive: the key of the build cache (contract §10.2). */
  hash: string;
  /** Lets go of the file. Safe to repeat. */
  discard(): Promise<void>;
}

/** Packs files into a gzip'd tar in a temporary file that only this user can read and that no crash leaves behind. */
export async function pack(files: readonly ContextFile[], onBytes?: (count: number) => void): Promise<Packed> {
  const { file, discard } = await temporaryFile();
  try {
    const hash = createHash('md5');
    let sizeBytes = 0;
    const spare: Buffer[] = [];
    for await (const chunk of gzip(tarPieces(files, { pieceBytes, spare, onBytes }), spare)) {
      hash.update(chunk);
      sizeBytes += chunk.length;
      await file.writeFile(chunk);
    }
    return { file, sizeBytes, hash: hash.digest('hex').slice(0, 16), discard };
  } catch (error) {
    await discard();
    if ((error as NodeJS.ErrnoException).code === 'ENOSPC') {
      throw fileError(
        `The context doesn't fit into ${tmpdir()}: ${whyNot(error)}.`,
        'Set TMPDIR to a folder with room.',
      );
    }
    throw error;
  }
}

async function temporaryFile(): Promise<Pick<Packed, 'file' | 'discard'>> {
  const folder = await mkdtemp(join(tmpdir(), 'pipecat-context-')).catch((error: unknown) => {
    throw fileError(
      `No temporary folder can be made in ${tmpdir()}: ${whyNot(error)}.`,
      'Set TMPDIR to a folder with room.',
    );
  });
  const file = await open(join(folder, 'context.tar.gz'), 'wx+', 0o600);
  // An open file lives on without its name; on Windows it can't, and goes at the end.
  await rm(folder, { recursive: true, force: true }).catch(() => undefined);
  let isOpen = true;
  return {
    file,
    async discard() {
      if (!isOpen) return;
      isOpen = false;
      await file.close();
      await rm(folder, { recursive: true, force: true }).catch(() => undefined);
    },
  };
}
