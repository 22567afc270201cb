import { createHash, createHmac } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** The key pair that the fake knows. */
export const fakeS3Key = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' };
type Key = typeof fakeS3Key;

/** An answer of the fake store that is no success. */
export class S3Fault extends Error {
  readonly status: number;
  readonly code: string;
  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

const denied = (message: string) => new S3Fault(403, 'AccessDenied', message);
const mismatch = () =>
  new S3Fault(
    403,
    'SignatureDoesNotMatch',
    'The request signature we calculated does not match the signature you provided.',
  );
const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest();
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

function signatureOf(key: Key, [day, region, service, end]: string[], text: string): string {
  const dayKey = hmac(`AWS4${key.secretAccessKey}`, day ?? '');
  return hmac(hmac(hmac(hmac(dayKey, region ?? ''), service ?? ''), end ?? ''), text).toString('hex');
}

function scopeOf(credential: string | undefined, key: Key, region: string): string[] {
  const [id, ...scope] = (credential ?? '').split('/');
  if (id !== key.accessKeyId)
    throw new S3Fault(403, 'InvalidAccessKeyId', 'The AWS Access Key Id you provided does not exist in our records.');
  if (scope[1] !== region || scope[2] !== 's3' || scope[3] !== 'aws4_request')
    throw new S3Fault(400, 'AuthorizationHeaderMalformed', `the region '${scope[1]}' is wrong; expecting '${region}'`);
  return scope;
}

/** Each part of the path encoded as the description says, however it was sent. */
const canonicalPath = (path: string) =>
  path
    .split('/')
    .map((part) => encodeURIComponent(decodeURIComponent(part)).replaceAll(/[!'()*]/g, percent))
    .join('/');
const percent = (character: string) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`;

/** The store has a clock of its own: not the one that a test sets for its process. */
const clock = () => performance.timeOrigin + performance.now();

/** Throws unless the `Authorization` header signs this request, made within a quarter of an hour. */
export function checkRequestSignature(request: IncomingMessage, region: string, key: Key): void {
  const header = /Credential=([^,]+), ?SignedHeaders=([^,]+), ?Signature=(\w+)/.exec(
    request.headers.authorization ?? '',
  );
  if (!header) throw denied('Access Denied');
  const [, credential, signedHeaders = '', signature] = header;
  const scope = scopeOf(credential, key, region);
  const date = String(request.headers['x-amz-date']);
  const at = Date.parse(date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));
  if (!(Math.abs(at - clock()) < 15 * 60_000))
    throw new S3Fault(
      403,
      'RequestTimeTooSkewed',
      'The difference between the request time and the current time is too large.',
    );
  const names = signedHeaders.split(';');
  for (const name of Object.keys(request.headers))
    if ((name === 'host' || name.startsWith('x-amz-')) && !names.includes(name)) throw denied(`${name} is not signed`);
  const url = new URL(request.url ?? '', 'http://x');
  const canonical = [
    request.method,
    canonicalPath(url.pathname),
    [...url.searchParams]
      .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`)
      .sort()
      .join('&'),
    ...names.map((name) => `${name}:${String(request.headers[name]).trim()}`),
    '',
    signedHeaders,
    request.headers['x-amz-content-sha256'],
  ].join('\n');
  const text = ['AWS4-HMAC-SHA256', date, scope.join('/'), sha256(canonical)].join('\n');
  if (signatureOf(key, scope, text) !== signature) throw mismatch();
}

interface PostedForm {
  fields: ReadonlyMap<string, string>;
  bucket: string;
  region: string;
  key: Key;
  now: Date;
  sizeBytes: number;
}

/** Throws unless the policy is signed, is still good, and allows this form, field by field. */
export function checkPolicy({ fields, bucket, region, key, now, sizeBytes }: PostedForm): void {
  const encoded = fields.get('policy');
  if (!encoded) throw denied('Access Denied');
  if (fields.get('x-amz-algorithm') !== 'AWS4-HMAC-SHA256') throw denied('Only AWS4-HMAC-SHA256 is supported');
  const scope = scopeOf(fields.get('x-amz-credential'), key, region);
  if (signatureOf(key, scope, encoded) !== fields.get('x-amz-signature')) throw mismatch();
  const { expiration, conditions } = JSON.parse(Buffer.from(encoded, 'base64').toString()) as {
    expiration: string;
    conditions: (Record<string, string> | [string, string | number, string | number])[];
  };
  const invalid = (why: string) => denied(`Invalid according to Policy: ${why}`);
  if (!(Date.parse(expiration) > now.getTime())) throw invalid('Policy expired.');
  const values = new Map([...fields, ['bucket', bucket]]);
  const named = new Set<string>();
  for (const condition of conditions) {
    if (Array.isArray(condition)) {
      const [rule, least, most] = condition;
      if (rule !== 'content-length-range') throw invalid(`Policy Condition failed: ${rule}`);
      if (sizeBytes < Number(least))
        throw new S3Fault(400, 'EntityTooSmall', 'Your proposed upload is smaller than the minimum allowed size');
      if (sizeBytes > Number(most))
        throw new S3Fault(400, 'EntityTooLarge', 'Your proposed upload exceeds the maximum allowed size');
      continue;
    }
    for (const [name, value] of Object.entries(condition)) {
      named.add(name.toLowerCase());
      if (values.get(name.toLowerCase()) !== value)
        throw invalid(`Policy Condition failed: ["eq", "$${name}", "${value}"]`);
    }
  }
  for (const name of fields.keys())
    if (!named.has(name) && !['policy', 'x-amz-signature'].includes(name) && !name.startsWith('x-ignore-'))
      throw invalid(`Extra input fields: ${name}`);
}
