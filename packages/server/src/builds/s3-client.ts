import type { ReadableStream } from 'node:stream/web';
import { AppError, unavailable } from '../errors.js';
import type { S3Credentials } from './s3-post-policy.js';

export interface S3Location {
  /** Of the bucket, without a slash at the end: what keys are put behind. */
  bucketUrl: string;
  region: string;
}

/** The store refuses this server, which is for whoever runs it: callers learn where the reason stands, and the log has it. */
export class S3Refusal extends AppError {
  /** The store's own status and word, such as 404 and `NoSuchBucket`. */
  readonly given: { status: number; code: string };

  constructor(given: S3Refusal['given'], why: string) {
    super(503, '503', 'The storage of uploads refuses this server; whoever runs it finds the reason in its log', {
      cause: new Error(`${why} (${given.code})`),
    });
    this.name = 'S3Refusal';
    this.given = given;
  }
}

export interface S3Object {
  etag: string;
  sizeBytes: number;
}

const answerMs = 10_000;
/** The store copies within itself, but hundreds of megabytes. */
const copyMs = 120_000;

export type S3Client = Awaited<ReturnType<typeof createS3Client>>;

/**
 * The few requests that contexts need of an S3-compatible store. Where it does not answer, 503; what it refuses is an `S3Refusal`. The
 * library is loaded here, so that an installation without such a store never loads it.
 */
export async function createS3Client({ bucketUrl, region }: S3Location, credentials: () => Promise<S3Credentials>) {
  const { AwsClient } = await import('aws4fetch');

  async function send(
    method: string,
    key: string,
    headers: Record<string, string> = {},
    timeoutMs = answerMs,
    { body, signal }: { body?: Uint8Array; signal?: AbortSignal | undefined } = {},
  ) {
    const client = new AwsClient({ ...(await credentials()), region, service: 's3', retries: 3 });
    const url = `${bucketUrl}/${key.split('/').map(encodeURIComponent).join('/')}`;
    const aborter = new AbortController();
    const timer = setTimeout(() => aborter.abort(new Error(`no answer within ${timeoutMs / 1000} s`)), timeoutMs);
    try {
      // A redirect would carry the signature of another address.
      return await client.fetch(url, {
        ...{ method, headers, redirect: 'manual' as const },
        signal: signal ? AbortSignal.any([aborter.signal, signal]) : aborter.signal,
        ...(body ? { body: body as Uint8Array<ArrayBuffer> } : {}),
      });
    } catch (cause) {
      throw unavailable('The storage of uploads does not answer right now; try again in a moment', cause);
    } finally {
      // The answer's body has its own time.
      clearTimeout(timer);
    }
  }

  async function refuse(response: Response): Promise<never> {
    const text = await response.text().catch(() => '');
    const part = (name: string) => new RegExp(`<${name}>([^<]{1,300})</${name}>`).exec(text)?.[1];
    const where = response.headers.get('x-amz-bucket-region');
    const why = part('Message') ?? (where ? `the bucket is in region ${where}` : `status ${response.status}`);
    if (response.status >= 500)
      throw unavailable('The storage of uploads has a fault right now; try again in a moment', new Error(why));
    throw new S3Refusal({ status: response.status, code: part('Code') ?? String(response.status) }, why);
  }

  /** Resolves where there is no such object, and throws where it is refused for another reason. */
  async function missing(response: Response): Promise<undefined> {
    try {
      await refuse(response);
    } catch (error) {
      if (!(error instanceof S3Refusal && isMissing(error))) throw error;
    }
  }

  /** Undefined where there is no such object. */
  async function get(key: string): Promise<{ body: ReadableStream<Uint8Array>; sizeBytes: number } | undefined> {
    const response = await send('GET', key);
    if (!response.ok || !response.body) return await missing(response);
    return {
      body: response.body as ReadableStream<Uint8Array>,
      sizeBytes: Number(response.headers.get('content-length')),
    };
  }

  return {
    /** Undefined where there is no such object. */
    async head(key: string): Promise<S3Object | undefined> {
      const response = await send('HEAD', key);
      if (!response.ok) {
        // It has no body, which would say whether the object is missing, or the bucket, or the right to it.
        const found = await get(key);
        await found?.body.cancel();
        return undefined;
      }
      return {
        etag: response.headers.get('etag') ?? '',
        sizeBytes: Number(response.headers.get('content-length')),
      };
    },

    get,

    /** Writes an object, or the one that is there anew. */
    async put(key: string, body: Uint8Array, contentType: string, signal?: AbortSignal): Promise<void> {
      const response = await send('PUT', key, { 'content-type': contentType }, copyMs, { body, signal });
      if (!response.ok) await refuse(response);
      await response.body?.cancel();
    },

    /** False where the source is not there, or another one than that of `etag`. `bucket` is the name, which the header wants. */
    async copy(bucket: string, from: string, etag: string, to: string): Promise<boolean> {
      const source = `/${bucket}/${from}`.split('/').map(encodeURIComponent).join('/');
      const headers = { 'x-amz-copy-source': source, 'x-amz-copy-source-if-match': etag };
      const response = await send('PUT', to, headers, copyMs);
      if (response.status === 412) {
        await response.body?.cancel();
        return false;
      }
      if (!response.ok) {
        await missing(response);
        return false;
      }
      // A copy that fails on the way is told in the body of a 200.
      const text = await response.text();
      if (text.includes('<Error>'))
        throw unavailable('The storage of uploads could not keep the upload; try again in a moment', new Error(text));
      return true;
    },

    /** No error where there is no such object. */
    async remove(key: string): Promise<void> {
      const response = await send('DELETE', key);
      if (!response.ok) await missing(response);
      else await response.body?.cancel();
    },
  };
}

/** Stores answer 404 for a bucket that is not there too, and some for a key that they do not know. */
function isMissing({ given }: S3Refusal): boolean {
  return given.status === 404 && (given.code === 'NoSuchKey' || given.code === '404');
}
