import { join } from 'node:path';
import { uploadLimitBytes } from '@pipecat-cloud/contract/builds';
import type { FastifyBaseLogger } from 'fastify';
import type { Config } from '../config/config.js';
import { createDiskUploadStore } from './disk-upload-store.js';
import { createS3UploadStore } from './s3-upload-store.js';
import type { UploadStore } from './upload-store.js';

/**
 * The store that the configuration asks for. A bucket that can't be used is told in the log at the start, and does not keep the server
 * from starting: sessions need no uploads.
 */
export function createUploadStore(
  { dataDirectory, s3 }: Pick<Config, 'dataDirectory' | 's3'>,
  log: Pick<FastifyBaseLogger, 'info' | 'error'>,
): UploadStore {
  const limitBytes = uploadLimitBytes;
  const disk = createDiskUploadStore({ directory: join(dataDirectory, 'uploads'), limitBytes });
  if (!s3) return disk;
  const { accessKeyId, secretAccessKey, ...place } = s3;
  const store = createS3UploadStore({
    ...place,
    limitBytes,
    earlier: disk,
    credentials: async () => ({ accessKeyId, secretAccessKey: await secretAccessKey() }),
  });
  if (store.arrival.kind === 'there')
    void store.arrival.check().then(
      () => log.info({ bucket: s3.bucket }, 'uploads go to the bucket'),
      (err) => log.error({ err }, 'uploads will fail'),
    );
  return store;
}
