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
