import type { IncomingMessage } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { S3Fault } from './fake-s3-signature.js';

export interface FakeS3Form {
  /** By lower-case name. */
  fields: Map<string, string>;
  file: Buffer;
}

/** Reads a form as S3 does: what comes behind the part `file` does not count. In memory; for small files. */
export async function readFakeS3Form(request: IncomingMessage): Promise<FakeS3Form> {
  const type = request.headers['content-type'] ?? '';
  const boundary = /^multipart\/form-data;.*boundary="?([^";]+)/.exec(type)?.[1];
  if (!boundary)
    throw new S3Fault(412, 'PreconditionFailed', 'Bucket POST must be of the enclosure-type multipart/form-data');
  if (request.headers['content-length'] === undefined)
    throw new S3Fault(411, 'MissingContentLength', 'You must provide the Content-Length HTTP header.');
  const body = `\r\n${(await buffer(request)).toString('latin1')}`;
  if (!body.includes(`\r\n--${boundary}--`))
    throw new S3Fault(400, 'MalformedPOSTRequest', 'The body is not well-formed.');
  const fields = new Map<string, string>();
  for (const part of body.split(`\r\n--${boundary}`).slice(1)) {
    const [head = '', ...rest] = part.split('\r\n\r\n');
    const name = /name="([^"]*)"/i.exec(head)?.[1]?.toLowerCase();
    if (name === undefined) continue;
    const content = Buffer.from(rest.join('\r\n\r\n'), 'latin1');
    if (name === 'file') return { fields, file: content };
    fields.set(name, content.toString('utf8'));
  }
  throw new S3Fault(400, 'InvalidArgument', 'POST requires exactly one file upload per request.');
}
