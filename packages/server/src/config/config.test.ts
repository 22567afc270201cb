import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readConfig } from './config.js';
import { openKeys } from './keys.js';

describe('settings', () => {
  test('nothing set runs one machine with SQLite', () => {
    const config = readConfig({});
    expect(config).toMatchObject({
      port: 7400,
      host: '127.0.0.1',
      publicUrl: 'http://localhost:7400',
      database: { dialect: 'sqlite' },
    });
  });

  test('every wrong value is named at once', () => {
    const wrong = {
      PORT: '99999',
      PIPECAT_CLOUD_LOG_LEVEL: 'loud',
      PIPECAT_CLOUD_BOOTSTRAP_EMAIL: 'nobody',
      PIPECAT_CLOUD_BOOTSTRAP_ORG: 'A b',
    };
    expect(() => readConfig(wrong)).toThrow(
      /^PORT: .*\nPIPECAT_CLOUD_LOG_LEVEL: .*\nPIPECAT_CLOUD_BOOTSTRAP_EMAIL: .*\nPIPECAT_CLOUD_BOOTSTRAP_ORG: .*$/,
    );
  });

  test.each(['ftp://x', 'http://x/path', 'x'])('%s is no public URL', (url) => {
    expect(() => readConfig({ PIPECAT_CLOUD_PUBLIC_URL: url })).toThrow('PIPECAT_CLOUD_PUBLIC_URL');
  });

  test.each(['-1', '1e3', '1,5', 'free', '100001', '0.0000001'])('%s is no price of a minute', (price) => {
    expect(() => readConfig({ PIPECAT_CLOUD_SESSION_MINUTE_CENTS: price })).toThrow(
      'PIPECAT_CLOUD_SESSION_MINUTE_CENTS',
    );
    expect(readConfig({ PIPECAT_CLOUD_SESSION_MINUTE_CENTS: '1.5' }).sessionMinuteCents).toBe(1.5);
  });

  test.each(['-1', '563', '1e4', 'many'])('%s MiB is no room for uploads', (megabytes) => {
    const room = (text: string) => readConfig({ PIPECAT_CLOUD_UPLOADS_MAX_MB: text }).builds.unusedUploadBytes;
    expect(() => room(megabytes)).toThrow('PIPECAT_CLOUD_UPLOADS_MAX_MB: MiB from 564');
    expect([room('564'), room('0'), room('')]).toEqual([564 * 1024 ** 2, undefined, 20 * 1024 ** 3]);
  });

  test('a password in a refused database URL is not repeated', () => {
    const url = 'mysql://user:hunter2hunter2@host/db';
    expect(() => readConfig({ PIPECAT_CLOUD_DATABASE_URL: url })).toThrow(/PIPECAT_CLOUD_DATABASE_URL/);
    expect(() => readConfig({ PIPECAT_CLOUD_DATABASE_URL: url })).not.toThrow(/hunter2/);
  });
});

describe('mail and webhooks', () => {
  const from = 'Pipecat Cloud <cloud@example.com>';

  test('no mail server and no private webhooks by default', () => {
    expect(readConfig({}).mail).toBeUndefined();
    expect(readConfig({}).privateWebhooks).toBe(false);
    expect(readConfig({ PIPECAT_CLOUD_PRIVATE_WEBHOOKS: 'on' }).privateWebhooks).toBe(true);
    expect(() => readConfig({ PIPECAT_CLOUD_PRIVATE_WEBHOOKS: 'yes' })).toThrow('on or off');
  });

  test('a mail server needs a sender; the URL comes from the environment or from a file', () => {
    const url = 'smtp://u:p@mail.example.com';
    const sender = { name: 'Pipecat Cloud', address: 'cloud@example.com' };
    expect(readConfig({ PIPECAT_CLOUD_SMTP_URL: url, PIPECAT_CLOUD_MAIL_FROM: from }).mail).toEqual({
      url,
      from: sender,
    });
    expect(readConfig({ PIPECAT_CLOUD_SMTP_URL_FILE: '/run/smtp', PIPECAT_CLOUD_MAIL_FROM: from }).mail).toEqual({
      urlFile: '/run/smtp',
      from: sender,
    });
    expect(() => readConfig({ PIPECAT_CLOUD_SMTP_URL: url })).toThrow('PIPECAT_CLOUD_MAIL_FROM');
    const both = { PIPECAT_CLOUD_SMTP_URL: url, PIPECAT_CLOUD_SMTP_URL_FILE: '/x', PIPECAT_CLOUD_MAIL_FROM: from };
    expect(() => readConfig(both)).toThrow('not both');
  });

  test('a password in a refused URL is not repeated', () => {
    const wrong = { PIPECAT_CLOUD_SMTP_URL: 'imap://u:hunter2hunter2@host', PIPECAT_CLOUD_MAIL_FROM: from };
    expect(() => readConfig(wrong)).toThrow(/^PIPECAT_CLOUD_SMTP_URL: /);
    expect(() => readConfig(wrong)).not.toThrow(/hunter2/);
  });
});

describe('keys of the installation', () => {
  let file: string;
  beforeEach(async () => {
    file = join(await mkdtemp(join(tmpdir(), 'pipecat-cloud-keys-')), 'keys.json');
  });
  afterEach(() => rm(join(file, '..'), { recursive: true }));

  test('are made once, for their owner alone, and are the same afterwards', async () => {
    const made = await openKeys(file);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    const again = await openKeys(file);
    expect(again.peppers).toEqual(made.peppers);
    expect(again.masters).toEqual(made.masters);
  });

  test('a file from before there were ID tokens gains their key and keeps the others', async () => {
    const made = await openKeys(file);
    const { oidc: _, ...older } = JSON.parse(await readFile(file, 'utf8'));
    await writeFile(file, JSON.stringify(older));
    const first = await openKeys(file);
    const again = await openKeys(file);
    expect(first.peppers).toEqual(made.peppers);
    expect(again.oidc.equals(first.oidc)).toBe(true);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
  });

  test('a broken file is refused and left as it is, since nothing opens without the keys', async () => {
    await writeFile(file, '{"version":1}');
    await expect(openKeys(file)).rejects.toThrow('backup');
    expect(await readFile(file, 'utf8')).toBe('{"version":1}');
  });
});

describe('the storage of uploads', () => {
  const settings = {
    PIPECAT_CLOUD_S3_BUCKET: 'contexts',
    PIPECAT_CLOUD_S3_ACCESS_KEY_ID: 'AKID',
    PIPECAT_CLOUD_S3_SECRET_ACCESS_KEY: 'hunter2',
  };

  test('is the data folder by default', () => {
    expect(readConfig({}).s3).toBeUndefined();
  });

  test.each([
    [{}, 'https://contexts.s3.us-east-1.amazonaws.com', undefined],
    [{ PIPECAT_CLOUD_S3_REGION: 'eu-west-1' }, 'https://contexts.s3.eu-west-1.amazonaws.com', undefined],
    [{ PIPECAT_CLOUD_S3_ENDPOINT: 'http://minio:9000/' }, 'http://minio:9000/contexts', undefined],
    [{ PIPECAT_CLOUD_S3_ENDPOINT: 'https://{bucket}.example.com' }, 'https://contexts.example.com', undefined],
    [
      { PIPECAT_CLOUD_S3_ENDPOINT: 'http://minio:9000', PIPECAT_CLOUD_S3_PUBLIC_ENDPOINT: 'https://files.example.com' },
      'http://minio:9000/contexts',
      'https://files.example.com/contexts',
    ],
  ])('%j is at %s', (more, inside, outside) => {
    const { s3 } = readConfig({ ...settings, ...more });
    expect(s3).toMatchObject({ bucketUrl: inside, publicBucketUrl: outside ?? inside, prefix: '' });
  });

  test('has a prefix with one slash at its end, and its secret from the environment or from a file', async () => {
    const { s3 } = readConfig({ ...settings, PIPECAT_CLOUD_S3_PREFIX: '/team/cloud/' });
    expect(s3?.prefix).toBe('team/cloud/');
    expect(await s3?.secretAccessKey()).toBe('hunter2');
    expect(JSON.stringify(s3)).not.toContain('hunter2');
    const file = join(await mkdtemp(join(tmpdir(), 'pipecat-cloud-s3-')), 'secret');
    await writeFile(file, 'from a file\n');
    const { PIPECAT_CLOUD_S3_SECRET_ACCESS_KEY: _, ...without } = settings;
    const other = readConfig({ ...without, PIPECAT_CLOUD_S3_SECRET_ACCESS_KEY_FILE: file });
    expect(await other.s3?.secretAccessKey()).toBe('from a file');
    await rm(join(file, '..'), { recursive: true });
  });

  test.each([
    [{ ...settings, PIPECAT_CLOUD_S3_BUCKET: 'No_Bucket' }, 'PIPECAT_CLOUD_S3_BUCKET'],
    [
      { ...settings, PIPECAT_CLOUD_S3_BUCKET: '', PIPECAT_CLOUD_S3_ENDPOINT: 'http://minio:9000' },
      'PIPECAT_CLOUD_S3_BUCKET',
    ],
    [{ ...settings, PIPECAT_CLOUD_S3_ENDPOINT: 'minio:9000' }, 'PIPECAT_CLOUD_S3_ENDPOINT'],
    [{ ...settings, PIPECAT_CLOUD_S3_PUBLIC_ENDPOINT: 'https://x?y' }, 'PIPECAT_CLOUD_S3_PUBLIC_ENDPOINT'],
    [{ ...settings, PIPECAT_CLOUD_S3_ACCESS_KEY_ID: '' }, 'PIPECAT_CLOUD_S3_ACCESS_KEY_ID'],
    [{ ...settings, PIPECAT_CLOUD_S3_SECRET_ACCESS_KEY: '' }, 'PIPECAT_CLOUD_S3_SECRET_ACCESS_KEY_FILE'],
    [{ ...settings, PIPECAT_CLOUD_S3_SECRET_ACCESS_KEY_FILE: '/x' }, 'PIPECAT_CLOUD_S3_SECRET_ACCESS_KEY_FILE'],
    [{ ...settings, PIPECAT_CLOUD_S3_PREFIX: 'a b' }, 'PIPECAT_CLOUD_S3_PREFIX'],
    [{ ...settings, PIPECAT_CLOUD_S3_REGION: 'EU west' }, 'PIPECAT_CLOUD_S3_REGION'],
  ])('%j is refused by name', (environment, name) => {
    expect(() => readConfig(environment)).toThrow(`${name}:`);
  });

  test('a password in a refused address is not repeated', () => {
    const refused = () => readConfig({ ...settings, PIPECAT_CLOUD_S3_ENDPOINT: 'http://me:hunter3@minio:9000' });
    expect(refused).toThrow('PIPECAT_CLOUD_S3_ENDPOINT');
    expect(refused).not.toThrow(/hunter3/);
  });
});
