import { readFile } from 'node:fs/promises';
import type { VariableName } from './env.js';

export interface S3Config {
  bucket: string;
  region: string;
  /** Of the bucket, without a slash at the end: as this server reaches it, and as clients do. */
  bucketUrl: string;
  publicBucketUrl: string;
  /** In front of every key; empty, or with a slash at the end. */
  prefix: string;
  accessKeyId: string;
  /** A function, so that the secret is not logged with the configuration. */
  secretAccessKey: () => Promise<string>;
}

type Read = (name: VariableName) => string;
type Check = (name: VariableName, fine: boolean, wanted: string) => void;

const amazon = 'https://{bucket}.s3.{region}.amazonaws.com';

/** The S3-compatible storage of uploads, or undefined for the data folder. `check` collects what is wrong. */
export function readS3Config(read: Read, check: Check): S3Config | undefined {
  const bucket = read('PIPECAT_CLOUD_S3_BUCKET');
  if (!bucket) {
    check(
      'PIPECAT_CLOUD_S3_BUCKET',
      !read('PIPECAT_CLOUD_S3_ENDPOINT'),
      'a name, since PIPECAT_CLOUD_S3_ENDPOINT is set',
    );
    return undefined;
  }
  check('PIPECAT_CLOUD_S3_BUCKET', /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucket), "a bucket's name");
  const region = read('PIPECAT_CLOUD_S3_REGION');
  check(
    'PIPECAT_CLOUD_S3_REGION',
    /^[a-z0-9-]{1,63}$/.test(region),
    "the storage's name of its region, such as us-east-1",
  );
  const bucketUrl = (name: VariableName, otherwise: string) => {
    const text = read(name) || otherwise;
    const url = (text.includes('{bucket}') ? text : `${text.replace(/\/+$/, '')}/{bucket}`)
      .replaceAll('{bucket}', bucket)
      .replaceAll('{region}', region)
      .replace(/\/+$/, '');
    check(
      name,
      isAddress(url),
      'http(s)://host[:port], where {bucket} stands for the bucket unless it comes as the path',
    );
    return url;
  };
  const inside = bucketUrl('PIPECAT_CLOUD_S3_ENDPOINT', amazon);
  const accessKeyId = read('PIPECAT_CLOUD_S3_ACCESS_KEY_ID');
  check('PIPECAT_CLOUD_S3_ACCESS_KEY_ID', accessKeyId !== '', 'the id of a key, since PIPECAT_CLOUD_S3_BUCKET is set');
  const prefix = read('PIPECAT_CLOUD_S3_PREFIX').replace(/^\/+|\/+$/g, '');
  check('PIPECAT_CLOUD_S3_PREFIX', /^[\w.!*'()/-]{0,200}$/.test(prefix), 'letters, digits, / - _ and .');
  return {
    ...{ bucket, region, accessKeyId },
    bucketUrl: inside,
    publicBucketUrl: bucketUrl('PIPECAT_CLOUD_S3_PUBLIC_ENDPOINT', read('PIPECAT_CLOUD_S3_ENDPOINT') || amazon),
    prefix: prefix && `${prefix}/`,
    secretAccessKey: secretOf(read, check),
  };
}

function secretOf(read: Read, check: Check): () => Promise<string> {
  const secret = read('PIPECAT_CLOUD_S3_SECRET_ACCESS_KEY');
  const file = read('PIPECAT_CLOUD_S3_SECRET_ACCESS_KEY_FILE');
  check(
    'PIPECAT_CLOUD_S3_SECRET_ACCESS_KEY_FILE',
    Boolean(secret) !== Boolean(file),
    'the file of the secret access key, or PIPECAT_CLOUD_S3_SECRET_ACCESS_KEY, and not both',
  );
  return async () => secret || (await readFile(file, 'utf8')).trim();
}

function isAddress(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, search, hash, username, password } = new URL(text);
  return /^https?:$/.test(protocol) && !search && !hash && !username && !password;
}
