import { createHmac } from 'node:crypto';
import type { UploadForm } from './upload-store.js';

export interface S3Credentials {
  accessKeyId: string;
  secretAccessKey: string;
}

interface PostPolicy {
  credentials: S3Credentials;
  region: string;
  bucket: string;
  /** Where the form is posted to. */
  url: string;
  key: string;
  contentType: string;
  limitBytes: number;
  now: Date;
  expiresAt: Date;
}

/**
 * A form that lets its holder post one object, of exactly this key and type and of at most so many bytes: Amazon's "POST policy" with
 * Signature Version 4, which other object stores understand too. No request is made. Request signing is the library's
 * (`s3-client.ts`); it has no POST policies.
 */
export function signPostPolicy(policy: PostPolicy): UploadForm {
  const { credentials, region, bucket, key, contentType, limitBytes, now, expiresAt } = policy;
  const time = now.toISOString().replace(/[-:]|\.\d+/g, '');
  const day = time.slice(0, 8);
  const fields = {
    key,
    'Content-Type': contentType,
    'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
    'X-Amz-Credential': `${credentials.accessKeyId}/${day}/${region}/s3/aws4_request`,
    'X-Amz-Date': time,
  };
  const document = {
    expiration: expiresAt.toISOString(),
    conditions: [
      { bucket },
      ...Object.entries(fields).map(([name, value]) => ({ [name]: value })),
      ['content-length-range', 1, limitBytes],
    ],
  };
  const encoded = Buffer.from(JSON.stringify(document)).toString('base64');
  const signature = [day, region, 's3', 'aws4_request', encoded].reduce<Buffer>(
    (secret, part) => createHmac('sha256', secret).update(part).digest(),
    Buffer.from(`AWS4${credentials.secretAccessKey}`),
  );
  return {
    uploadUrl: policy.url,
    uploadFields: { ...fields, Policy: encoded, 'X-Amz-Signature': signature.toString('hex') },
  };
}
