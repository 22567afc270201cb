import { expect, test } from 'vitest';
import { signPostPolicy } from './s3-post-policy.js';

test('a policy is signed as Amazon’s own library signs it', () => {
  const { uploadFields } = signPostPolicy({
    credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' },
    ...{ region: 'eu-west-1', bucket: 'contexts', url: 'https://s3.example.com/contexts', limitBytes: 1000 },
    ...{ key: 'team/incoming/one.tar.gz', contentType: 'application/gzip' },
    now: new Date('2026-05-04T10:00:00.000Z'),
    expiresAt: new Date('2026-05-04T10:15:00.000Z'),
  });
  // What `S3SigV4PostAuth` of botocore 1.44.8 makes of this very policy, with this key and at this time.
  expect(uploadFields['X-Amz-Signature']).toBe('c245ab4ddb70fb0d9c75bb63140d7820a4b791b290a0bd574966f14c7f7b0e39');
});
