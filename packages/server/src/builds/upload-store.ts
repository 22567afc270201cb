import { createHash, randomBytes } from 'node:crypto';
import { type FileHandle, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { badRequest, tooLarge } from '../errors.js';
import { isUuid } from '../uuid.js';
import type { UploadContent } from './upload-repository.js';

/** A file that is written whole but not in place yet. Exactly one of the two must be called. */
export interface StagedUpload {
  content: UploadContent;
  commit(): Promise<void>;
  discard(): Promise<void>;
}

export interface StoredContext {
  sizeBytes: number;
  /** Closes the file when it ends or is destroyed. */
  stream: Readable;
}

/** Uploaded contexts as files `<directory>/<uploadId>.tar.gz`, mode 600. The folder is made when it is first needed. */
export function createUploadStore({ directory, limitBytes }: { directory: string; limitBytes: number }) {
  function pathOf(uploadId: string): string {
    if (!isUuid(uploadId)) throw new Error('An upload id that is no UUID must not become a path');
    return join(directory, `${uploadId}.tar.gz`);
  }

  return {
    limitBytes,

    /**
     * Writes what `source` gives to a temporary file and hashes it on the way. Nothing is left behind when the source or the
     * disk fails, or when more than `limitBytes` arrive (413).
     */
    async stage(uploadId: string, source: AsyncIterable<Buffer>): Promise<StagedUpload> {
      const path = pathOf(uploadId);
      await mkdir(directory, { recursive: true, mode: 0o700 });
      const temporary = join(directory, `${uploadId}.${randomBytes(6).toString('hex')}.tmp`);
      const discard = () => rm(temporary, { force: true });
      try {
        const content = await write(temporary, source, limitBytes);
        return {
          content,
          discard,
          async commit() {
            await rename(temporary, path);
            await syncFolder(directory);
          },
        };
      } catch (error) {
        await discard();
        throw error;
      }
    },

    /** Nothing when there is no such file. */
    async open(uploadId: string): Promise<StoredContext | undefined> {
      const file = await open(pathOf(uploadId), 'r').catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return undefined;
        throw error;
      });
      if (!file) return undefined;
      const { size } = await file.stat();
      return { sizeBytes: size, stream: file.createReadStream() };
    },

    /** May be repeated. */
    async remove(uploadId: string): Promise<void> {
      await rm(pathOf(uploadId), { force: true });
    },

    /** Removes temporary files that nobody has written to since `before`: a process was ended in the middle of an upload. */
    async removeLeftovers(before: Date): Promise<void> {
      const names = await readdir(directory).catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return [];
        throw error;
      });
      for (const name of names.filter((name) => name.endsWith('.tmp'))) {
        const path = join(directory, name);
        const found = await stat(path).catch(() => undefined);
        if (found && found.mtime < before) await rm(path, { force: true });
      }
    },
  };
}
export type UploadStore = ReturnType<typeof createUploadStore>;

async function write(path: string, source: AsyncIterable<Buffer>, limitBytes: number): Promise<UploadContent> {
  const file = await open(path, 'wx', 0o600);
  try {
    const md5 = createHash('md5');
    const sha256 = createHash('sha256');
    let sizeBytes = 0;
    for await (const chunk of source) {
      sizeBytes += chunk.length;
      if (sizeBytes > limitBytes) throw tooLargeUpload(limitBytes);
      md5.update(chunk);
      sha256.update(chunk);
      await writeAll(file, chunk);
    }
    if (sizeBytes === 0)
      throw badRequest('The uploaded file is empty; send the context as a gzip-compressed tar archive');
    await file.sync();
    return { sizeBytes, sha256: sha256.digest('hex'), contextHash: md5.digest('hex').slice(0, 16) };
  } finally {
    await file.close();
  }
}

/** A write may take only a part, for example near the end of the disk. */
async function writeAll(file: FileHandle, chunk: Buffer): Promise<void> {
  for (let done = 0; done < chunk.length; ) done += (await file.write(chunk, done)).bytesWritten;
}

export function tooLargeUpload(limitBytes: number) {
  return tooLarge(
    `The upload is larger than ${limitBytes} bytes, the limit of a build context; exclude files with .dockerignore or [build.exclude]`,
  );
}

/** Without this the new name may be gone after a power failure. */
async function syncFolder(directory: string): Promise<void> {
  const folder = await open(directory, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
