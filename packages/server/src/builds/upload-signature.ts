import { createHmac, timingSafeEqual } from 'node:crypto';

/** What a client must send along with the file, in this order (contract §10.1). Every value is a string. */
export interface UploadFields {
  /** The upload's id. */
  key: string;
  'Content-Type': string;
  /** Unix seconds. */
  expires: string;
  /** Hex HMAC-SHA-256 over the fields above. */
  signature: string;
}

export const uploadFieldNames = [
  'key',
  'Content-Type',
  'expires',
  'signature',
] as const satisfies (keyof UploadFields)[];
export const contextType = 'application/gzip';

/** Fields that let their holder send one file, once, until `expiresAt`. */
export function signUpload(signingKey: Buffer, uploadId: string, expiresAt: Date): UploadFields {
  const unsigned = {
    key: uploadId,
    'Content-Type': contextType,
    expires: String(Math.floor(expiresAt.getTime() / 1000)),
  };
  return { ...unsigned, signature: digest(signingKey, unsigned).toString('hex') };
}

/** Compares in constant time; false also for a signature that is no hex digest. */
export function isSignedUpload(signingKey: Buffer, fields: UploadFields): boolean {
  const given = Buffer.from(fields.signature, 'hex');
  const wanted = digest(signingKey, fields);
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}

function digest(signingKey: Buffer, fields: Omit<UploadFields, 'signature'>): Buffer {
  // The first member keeps a signature made for another purpose with the same key from passing here.
  const text = JSON.stringify(['upload', fields.key, fields['Content-Type'], fields.expires]);
  return createHmac('sha256', signingKey).update(text).digest();
}
