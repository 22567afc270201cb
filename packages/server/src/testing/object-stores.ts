import type { S3Credentials } from '../builds/s3-post-policy.js';
import { fakeS3Bucket, fakeS3Region, startFakeS3 } from './fake-s3.js';
import { fakeS3Key } from './fake-s3-signature.js';

/** A bucket, and a key that may get, put and delete its objects. */
export interface ObjectStore {
  bucketUrl: string;
  bucket: string;
  region: string;
  key: S3Credentials;
  end(): Promise<void>;
}

async function openStandIn(): Promise<ObjectStore> {
  const fake = await startFakeS3({ now: () => new Date() });
  const end = () => fake.close();
  return { bucketUrl: fake.bucketUrl, bucket: fakeS3Bucket, region: fakeS3Region, key: fakeS3Key, end };
}

/**
 * Set by `npm test`, which starts a real one where it can be had; or to one of your own:
 * `http://{key id}:{secret}@{host}:{port}/{bucket}?name={what it is}&region={its region}`.
 */
const address = process.env.PIPECAT_CLOUD_TEST_S3_URL;

/** What is asked of an S3-compatible store is asked of each of these. */
export const objectStores: readonly { name: string; open(): Promise<ObjectStore> }[] = [
  { name: 'the stand-in', open: openStandIn },
  ...(address ? [realStore(new URL(address))] : []),
];

function realStore({ origin, pathname, username, password, searchParams }: URL) {
  const key = { accessKeyId: decodeURIComponent(username), secretAccessKey: decodeURIComponent(password) };
  const bucket = pathname.slice(1);
  const region = searchParams.get('region') ?? 'us-east-1';
  return {
    name: searchParams.get('name') ?? 'a real one',
    open: async () => ({ bucketUrl: `${origin}/${bucket}`, bucket, region, key, end: async () => {} }),
  };
}
