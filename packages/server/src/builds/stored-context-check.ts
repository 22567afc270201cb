import type { Store } from '../db/store.js';
import { AppError, badRequest, unavailable } from '../errors.js';
import { checkContext, MissingDockerfile } from './context-check.js';
import { createContextCredentials } from './context-credentials.js';
import type { ContextLimits } from './context-entries.js';
import type { Upload } from './upload-repository.js';
import type { UploadStore } from './upload-store.js';

interface StoredContextCheckDeps {
  store: Store;
  /** Where uploaded files lie. */
  files: Pick<UploadStore, 'open'>;
  limits: ContextLimits;
  /** Time to open one and read it to its end. */
  readMs: number;
}

export const missingUpload = () =>
  badRequest(
    'There is no such upload in this organization, or it has expired; ask for a new upload URL, send the file, then create the build',
  );

/**
 * Reads the file of an upload through and gives the credentials that are in it; what is no context is a 400, and its upload is let go of,
 * unless another Dockerfile of it may do. It ends in time, with 503, whatever the storage does.
 */
export function createStoredContextCheck({ store, files, limits, readMs }: StoredContextCheckDeps) {
  async function read(upload: Upload, sha256: string, dockerfilePath: string, deadline: AbortSignal) {
    const stored = await files.open(upload.id, sha256);
    if (!stored) throw missingUpload();
    const { stream } = stored;
    if (deadline.aborted) stream.destroy();
    deadline.throwIfAborted();
    deadline.addEventListener('abort', () => stream.destroy(deadline.reason), { once: true });
    const credentials = createContextCredentials();
    try {
      await checkContext(stream, dockerfilePath, limits, credentials.add);
    } catch (error) {
      const forGood = error instanceof AppError && error.status === 400 && !(error instanceof MissingDockerfile);
      if (forGood) await store.builds.uploads.release(upload.organizationId, upload.id);
      throw error;
    }
    return credentials;
  }

  return async (upload: Upload, sha256: string, dockerfilePath: string) => {
    const deadline = new AbortController();
    const timer = setTimeout(
      () => deadline.abort(unavailable('The upload could not be read in time; try again in a moment')),
      readMs,
    );
    // A stream that is destroyed in the middle of a read need not end before that read does.
    const late = new Promise<never>((_resolve, reject) =>
      deadline.signal.addEventListener('abort', () => reject(deadline.signal.reason), { once: true }),
    );
    try {
      return await Promise.race([late, read(upload, sha256, dockerfilePath, deadline.signal)]);
    } finally {
      clearTimeout(timer);
    }
  };
}
