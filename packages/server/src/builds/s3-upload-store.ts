import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import { badRequest, unavailable } from '../errors.js';
import { isUuid } from '../uuid.js';
import { createS3Client, type S3Client, S3Refusal } from './s3-client.js';
import { type S3Credentials, signPostPolicy } from './s3-post-policy.js';
import { createUploadHashes } from './upload-hashes.js';
import type { UploadContent } from './upload-repository.js';
import { contextType } from './upload-signature.js';
import { tooLargeUpload, type UploadStore } from './upload-store.js';

export interface S3UploadStoreOptions {
  bucket: string;
  region: string;
  /** Of the bucket, as this server and as clients reach it; no slash at the end. */
  bucketUrl: string;
  publicBucketUrl: string;
  /** In front of every key; empty, or with a slash at the end. */
  prefix: string;
  /** Read anew for each request, so that a replaced key file counts at once. */
  credentials: () => Promise<S3Credentials>;
  limitBytes: number;
  /** Where contexts lie that came before this store was set up. */
  earlier?: Pick<UploadStore, 'open'>;
}

/**
 * Uploaded contexts in an S3-compatible bucket. Clients post to `<prefix>incoming/<uploadId>.tar.gz`, for as long as the policy lets
 * them also a second time; what was read and hashed is kept as `<prefix>contexts/<uploadId>-<sha256>.tar.gz`, which no policy names.
 */
export function createS3UploadStore(options: S3UploadStoreOptions): UploadStore {
  const { bucket, region, prefix, limitBytes, earlier } = options;
  let opening: Promise<S3Client> | undefined;
  const client = () => {
    opening ??= createS3Client({ bucketUrl: options.bucketUrl, region }, credentials);
    return opening;
  };

  async function credentials(): Promise<S3Credentials> {
    try {
      return await options.credentials();
    } catch (cause) {
      const message =
        'The key of the storage of uploads can not be read; whoever runs the server finds the reason in its log';
      throw unavailable(message, cause);
    }
  }

  function incoming(uploadId: string): string {
    if (!isUuid(uploadId)) throw new Error('An upload id that is no UUID must not become a key');
    return `${prefix}incoming/${uploadId}.tar.gz`;
  }
  const kept = (uploadId: string, sha256: string) =>
    incoming(uploadId).replace(/incoming\/([^/]+)\.tar\.gz$/, `contexts/$1-${sha256}.tar.gz`);

  async function read(key: string): Promise<UploadContent | undefined> {
    const found = await (await client()).get(key);
    if (!found) return undefined;
    const hashes = createUploadHashes();
    // Sizes are looked at again: not every store keeps to the policy's.
    for await (const chunk of watched(found.body)) if (hashes.add(chunk) > limitBytes) throw tooLargeUpload(limitBytes);
    return hashes.end();
  }

  return {
    limitBytes,

    arrival: {
      kind: 'there',
      async offer(uploadId, now, expiresAt) {
        return signPostPolicy({
          ...{ bucket, region, limitBytes, now, expiresAt },
          credentials: await credentials(),
          url: options.publicBucketUrl,
          key: incoming(uploadId),
          contentType: contextType,
        });
      },

      async collect(uploadId) {
        const s3 = await client();
        const key = incoming(uploadId);
        const found = await s3.head(key);
        if (!found) return undefined;
        if (found.sizeBytes > limitBytes) throw tooLargeUpload(limitBytes);
        if (found.sizeBytes === 0)
          throw badRequest('The uploaded file is empty; send the context as a gzip-compressed tar archive');
        const content = await read(key);
        // With what the object was before it was read: if it is another one by now, it may not be the one that was read.
        if (!content || !(await s3.copy(bucket, key, found.etag, kept(uploadId, content.sha256)))) return undefined;
        return content;
      },

      async check() {
        try {
          await (await client()).get(`${prefix}incoming/none`);
        } catch (error) {
          if (!(error instanceof S3Refusal)) throw error;
          throw new Error(
            `Bucket '${bucket}' at ${options.bucketUrl} can't be used: ${(error.cause as Error).message}. Check the PIPECAT_CLOUD_S3_… settings, and that the key may get, put and delete objects and list the bucket`,
          );
        }
      },
    },

    async open(uploadId, sha256) {
      const found = await (await client()).get(kept(uploadId, sha256));
      if (!found) return await earlier?.open(uploadId, sha256);
      return { sizeBytes: found.sizeBytes, stream: readableOf(found.body) };
    },

    async remove(uploadId, sha256) {
      const s3 = await client();
      await s3.remove(incoming(uploadId));
      if (sha256 !== undefined) await s3.remove(kept(uploadId, sha256));
    },

    /** The store itself throws away what was posted in half. */
    async removeLeftovers() {},
  };
}

const brokeOff = (cause: unknown) =>
  unavailable('The storage of uploads broke off in the middle of a file; try again in a moment', cause);

/** What breaks off on the way is for the caller to try again. */
async function* watched(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* body;
  } catch (cause) {
    throw brokeOff(cause);
  }
}

/** As `watched`. Destroying it lets go of the connection at once; a generator would first wait for what it is reading. */
function readableOf(body: ReadableStream<Uint8Array>): Readable {
  const reader = body.getReader();
  return new Readable({
    read() {
      reader.read().then(
        ({ done, value }) => this.push(done ? null : value),
        (cause) => this.destroy(brokeOff(cause)),
      );
    },
    destroy(error, done) {
      reader.cancel(error ?? undefined).then(
        () => done(error),
        () => done(error),
      );
    },
  });
}
