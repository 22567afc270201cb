import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readFakeS3Form } from './fake-s3-form.js';
import { checkPolicy, checkRequestSignature, fakeS3Key, S3Fault } from './fake-s3-signature.js';

export interface FakeS3Object {
  bytes: Buffer;
  etag: string;
  contentType: string;
}

export const fakeS3Region = 'eu-test-1';
export const fakeS3Bucket = 'contexts';

/**
 * Stands in for an S3-compatible store with one bucket, addressed by path. It checks what real ones check: the signature of each
 * request and each policy, worked out anew from Amazon's description, the policy's time (by `now`) and its conditions.
 */
export async function startFakeS3({ now }: { now: () => Date }) {
  const objects = new Map<string, FakeS3Object>();
  /** Requests as `PUT key`, in order. */
  const seen: string[] = [];
  /** Asked before each request is answered; what it throws is the answer. */
  let before: (request: string) => void | Promise<void> = () => {};
  let cutAfterBytes: number | undefined;
  let stallAfterBytes: number | undefined;
  /** Downloads that have stalled, and whose other end is there still. */
  let stalled = 0;
  let copiesFail = false;

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [, bucket, ...rest] = new URL(request.url ?? '', 'http://x').pathname.split('/').map(decodeURIComponent);
    const key = rest.join('/');
    const { method = '' } = request;
    seen.push(`${method} ${key}`);
    await before(`${method} ${key}`);
    if (bucket !== fakeS3Bucket) throw new S3Fault(404, 'NoSuchBucket', 'The specified bucket does not exist');
    if (method === 'POST' && key === '') return await post(request, response);
    checkRequestSignature(request, fakeS3Region, fakeS3Key);
    if (method === 'PUT' && request.headers['x-amz-copy-source'] === undefined) {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      put(key, Buffer.concat(chunks), request.headers['content-type']);
      response.writeHead(200).end();
      return;
    }
    if (method === 'PUT') return copy(request, response, key);
    if (method === 'DELETE') {
      objects.delete(key);
      response.writeHead(204).end();
      return;
    }
    const found = objects.get(key);
    if (!found) throw new S3Fault(404, 'NoSuchKey', 'The specified key does not exist.');
    const wanted = request.headers['if-match'];
    if (wanted !== undefined && wanted !== found.etag)
      throw new S3Fault(412, 'PreconditionFailed', 'At least one of the pre-conditions you specified did not hold');
    response.writeHead(200, {
      'content-length': found.bytes.length,
      etag: found.etag,
      'content-type': found.contentType,
    });
    if (method === 'HEAD') response.end();
    else if (stallAfterBytes !== undefined) {
      stalled++;
      response.once('close', () => stalled--);
      response.write(found.bytes.subarray(0, stallAfterBytes));
    } else if (cutAfterBytes !== undefined)
      response.write(found.bytes.subarray(0, cutAfterBytes), () => response.destroy());
    else response.end(found.bytes);
  }

  async function post(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { fields, file } = await readFakeS3Form(request);
    const key = fields.get('key') ?? '';
    checkPolicy({
      fields,
      bucket: fakeS3Bucket,
      region: fakeS3Region,
      key: fakeS3Key,
      now: now(),
      sizeBytes: file.length,
    });
    put(key, file, fields.get('content-type') ?? 'binary/octet-stream');
    response.writeHead(204).end();
  }

  function copy(request: IncomingMessage, response: ServerResponse, key: string): void {
    const source = decodeURIComponent(String(request.headers['x-amz-copy-source'])).replace(`/${fakeS3Bucket}/`, '');
    const found = objects.get(source);
    if (!found) throw new S3Fault(404, 'NoSuchKey', 'The specified key does not exist.');
    const wanted = request.headers['x-amz-copy-source-if-match'];
    if (wanted !== undefined && wanted !== found.etag)
      throw new S3Fault(412, 'PreconditionFailed', 'At least one of the pre-conditions you specified did not hold');
    if (!copiesFail) objects.set(key, found);
    response
      .writeHead(200, { 'content-type': 'application/xml' })
      .end(copiesFail ? '<Error><Code>InternalError</Code></Error>' : '<CopyObjectResult/>');
  }

  function put(key: string, bytes: Buffer, contentType = 'application/gzip'): void {
    objects.set(key, { bytes, contentType, etag: `"${createHash('md5').update(bytes).digest('hex')}"` });
  }

  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      const fault = error instanceof S3Fault ? error : new S3Fault(500, 'InternalError', String(error));
      request.resume();
      const { status, code, message } = fault;
      response
        .writeHead(status, { 'content-type': 'application/xml' })
        .end(`<?xml version="1.0"?><Error><Code>${code}</Code><Message>${message}</Message></Error>`);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  return {
    url,
    bucketUrl: `${url}/${fakeS3Bucket}`,
    objects,
    seen,
    put,
    before(hook: typeof before) {
      before = hook;
    },
    /** From now on a download breaks off after so many bytes. */
    cutAfter(bytes: number) {
      cutAfterBytes = bytes;
    },
    /** From now on a download gives nothing more after so many bytes. */
    stallAfter(bytes: number) {
      stallAfterBytes = bytes;
    },
    stalled: () => stalled,
    /** Copies fail as they do at Amazon: after the success status. */
    failCopies() {
      copiesFail = true;
    },
    async close() {
      if (!server.listening) return;
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}
export type FakeS3 = Awaited<ReturnType<typeof startFakeS3>>;
