import { createHash } from 'node:crypto';
import type { UploadContent } from './upload-repository.js';

/** Size and hashes of a file that comes in pieces (contract §10.3: the MD5 of the bytes as they were uploaded). */
export function createUploadHashes() {
  const md5 = createHash('md5');
  const sha256 = createHash('sha256');
  let sizeBytes = 0;
  return {
    /** Returns the size so far. */
    add(chunk: Uint8Array): number {
      md5.update(chunk);
      sha256.update(chunk);
      sizeBytes += chunk.length;
      return sizeBytes;
    },
    end(): UploadContent {
      return { sizeBytes, sha256: sha256.digest('hex'), contextHash: md5.digest('hex').slice(0, 16) };
    },
  };
}
