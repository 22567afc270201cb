import { randomBytes } from 'node:crypto';
import { type FileHandle, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { badRequest } from '../errors.js';
import { isUuid } from '../uuid.js';
import { createUploadHashes } from './upload-hashes.js';
import type { UploadContent } from './upload-repository.js';
import { tooLargeUpload, type UploadStore } from './upload-store.js';

interface DiskUploadStoreOptions {
  directory: string;
  limitBytes: number;
  /** Opens a file to write to; tests give one whose disk is full. */
  create?: (path: string) => Promise<Pick<FileHandle, 'write' | 'sync' | 'close'>>;
}

/** Uploaded contexts as files `<directory>/<uploadId>.tar.gz`, mode 600. The folder is made when it is first needed. */
export function createDiskUploadStore(options: DiskUploadStoreOptions): UploadStore {
  const { directory, limitBytes, create = (path: string) => open(path, 'wx', 0o600) } = options;

  function pathOf(uploadId: string): string {
    if (!isUuid(uploadId)) throw new Error('An upload id that is no UUID must not become a path');
    return join(directory, `${uploadId}.tar.gz`);
  }

  async function write(path: string, source: AsyncIterable<Buffer>): Promise<UploadContent> {
    const file = await create(path);
    try {
      const hashes = createUploadHashes();
      let sizeBytes = 0;
      for await (const chunk of source) {
        sizeBytes = hashes.add(chunk);
        if (sizeBytes > limitBytes) throw tooLargeUpload(limitBytes);
        await writeAll(file, chunk);
      }
      if (sizeBytes === 0)
        throw badRequest('The uploaded file is empty; send the context as a gzip-compressed tar archive');
      await file.sync();
      return hashes.end();
    } finally {
      await file.close();
    }
  }

  return {
    limitBytes,

    arrival: {
      kind: 'here',
      async stage(uploadId, source) {
        const path = pathOf(uploadId);
        const temporary = join(directory, `${uploadId}.${randomBytes(6).toString('hex')}.tmp`);
        const discard = () => rm(temporary, { force: true });
        try {
          await mkdir(directory, { recursive: true, mode: 0o700 });
          const content = await write(temporary, source);
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
    },

    async open(uploadId) {
      const file = await open(pathOf(uploadId), 'r').catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return undefined;
        throw error;
      });
      if (!file) return undefined;
      const { size } = await file.stat();
      return { sizeBytes: size, stream: file.createReadStream() };
    },

    async remove(uploadId) {
      await rm(pathOf(uploadId), { force: true });
    },

    /** Temporary files that nobody has written to since `before`: a process was ended in the middle of an upload. */
    async removeLeftovers(before) {
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

/** A write may take only a part, for example near the end of the disk. */
async function writeAll(file: Pick<FileHandle, 'write'>, chunk: Buffer): Promise<void> {
  for (let done = 0; done < chunk.length; ) done += (await file.write(chunk, done)).bytesWritten;
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
