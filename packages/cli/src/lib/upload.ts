import { randomBytes } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { UploadUrl } from '@pipecat-cloud/contract/builds';
import { ApiError, NetworkError } from '@pipecat-cloud/contract/client';

export interface UploadOptions {
  userAgent: string;
  onBytes?: (done: number) => void;
  /** Without a byte moving for this long, it is given up. */
  idleMs?: number;
}

/**
 * Posts an archive to where the server said: the form's fields in their order, the file last, the length known
 * beforehand, no credential (contract §10.1). Throws `ApiError` for a refusal, `NetworkError` where nothing answers.
 */
export async function upload(
  target: Pick<UploadUrl, 'uploadUrl' | 'uploadFields'>,
  file: FileHandle,
  sizeBytes: number,
  options: UploadOptions,
): Promise<void> {
  const url = new URL(target.uploadUrl);
  const boundary = `----pipecat-${randomBytes(16).toString('hex')}`;
  const head = Buffer.from(formHead(target.uploadFields, boundary));
  const tail = Buffer.from(`\r\n--${boundary}--\r\n`);

  async function* body(): AsyncGenerator<Buffer> {
    yield head;
    let done = 0;
    for await (const chunk of file.createReadStream({ start: 0, autoClose: false, highWaterMark: 256 * 1024 })) {
      yield chunk as Buffer;
      done += (chunk as Buffer).length;
      options.onBytes?.(done);
    }
    yield tail;
  }

  let timedOut = false;
  const secure = url.protocol === 'https:';
  // A connection that is kept: else a server that refuses in the middle closes it, and its answer is lost with what it has not read.
  const agent = new (secure ? HttpsAgent : HttpAgent)({ keepAlive: true });
  const request = (secure ? httpsRequest : httpRequest)(url, {
    method: 'POST',
    agent,
    headers: {
      'content-type': `multipart/form-data; boundary=${boundary}`,
      'content-length': head.length + sizeBytes + tail.length,
      'user-agent': options.userAgent,
      accept: 'application/json',
    },
  });
  request.setTimeout(options.idleMs ?? 60_000, () => {
    timedOut = true;
    request.destroy(new Error('no byte moved'));
  });
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    request.on('response', resolve);
    request.on('error', reject);
  });
  // A server may refuse before it has read everything; then writing fails and its answer counts.
  const sent = pipeline(Readable.from(body()), request).catch(() => undefined);
  try {
    const response = await answered;
    const text = await textOf(response);
    refuseUnlessOk(url.origin, response, text);
  } catch (error) {
    if (error instanceof ApiError) throw error;
    throw new NetworkError(url.origin, timedOut, error);
  } finally {
    request.destroy();
    agent.destroy();
    await sent;
  }
}

function formHead(fields: Record<string, string>, boundary: string): string {
  const all = 'Content-Type' in fields ? fields : { ...fields, 'Content-Type': 'application/gzip' };
  const parts = Object.entries(all).map(
    ([name, value]) =>
      `--${boundary}\r\nContent-Disposition: form-data; name="${escapeName(name)}"\r\n\r\n${value}\r\n`,
  );
  return `${parts.join('')}--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="context.tar.gz"\r\nContent-Type: application/gzip\r\n\r\n`;
}

/** As browsers write names in forms (WHATWG HTML, multipart/form-data encoding). */
function escapeName(name: string): string {
  return name.replaceAll('\n', '%0A').replaceAll('\r', '%0D').replaceAll('"', '%22');
}

/** What there is of it: the status says enough where the rest breaks off. */
async function textOf(response: IncomingMessage): Promise<string> {
  let text = '';
  response.setEncoding('utf8');
  try {
    for await (const chunk of response) {
      if (text.length < 64 * 1024) text += chunk;
    }
  } catch {}
  return text;
}

function refuseUnlessOk(origin: string, response: IncomingMessage, text: string): void {
  const status = response.statusCode ?? 0;
  if (status >= 200 && status < 300) return;
  try {
    const body = JSON.parse(text) as { error?: unknown; code?: unknown };
    if (typeof body.error === 'string' && typeof body.code === 'string') {
      throw new ApiError(status, { ...body, error: body.error, code: body.code }, true);
    }
  } catch (error) {
    if (error instanceof ApiError) throw error;
  }
  // Stores of objects answer in XML, whose message is the useful part.
  const why = /<Message>([^<]{1,300})<\/Message>/.exec(text)?.[1];
  const error = `The upload to ${origin} was refused with ${status}${why ? `: ${why}` : ''}`;
  throw new ApiError(status, { error, code: String(status) }, status < 500);
}
