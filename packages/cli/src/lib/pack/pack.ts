import { createHash } from 'node:crypto';
import { type FileHandle, mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { fileError, whyNot } from '../errors.js';
import type { ContextFile } from './list-files.js';
import { tarStream } from './tar.js';

export interface Packed {
  /** Read from position 0. The file has no name any more where the system allows that. */
  file: FileHandle;
  sizeBytes: number;
  /** First 16 hex digits of the MD5 of the archive: the key of the build cache (contract §10.2). */
  hash: string;
  /** Lets go of the file. Safe to repeat. */
  discard(): Promise<void>;
}

/** Header of the contract: no time, no name, highest compression, unknown system. zlib names the system. */
const gzipHeader = Buffer.from('1f8b08000000000002ff', 'hex');

/** Packs files into a gzip'd tar in a temporary file that only this user can read and that no crash leaves behind. */
export async function pack(files: readonly ContextFile[], onBytes?: (count: number) => void): Promise<Packed> {
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
  async function discard(): Promise<void> {
    if (!isOpen) return;
    isOpen = false;
    await file.close();
    await rm(folder, { recursive: true, force: true }).catch(() => undefined);
  }
  try {
    const hash = createHash('md5');
    let sizeBytes = 0;
    async function* named(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
      for await (const chunk of source) {
        for (let at = sizeBytes; at < gzipHeader.length && at - sizeBytes < chunk.length; at++) {
          chunk[at - sizeBytes] = gzipHeader[at] ?? 0;
        }
        sizeBytes += chunk.length;
        hash.update(chunk);
        yield chunk;
      }
    }
    // Not a write stream: with `autoClose: false` it would keep the handle, and closing that would wait forever.
    async function write(chunks: AsyncIterable<Buffer>): Promise<void> {
      for await (const chunk of chunks) await file.writeFile(chunk);
    }
    await pipeline(Readable.from(tarStream(files, onBytes)), createGzip({ level: 9 }), named, write);
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
