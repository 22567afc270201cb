import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readConfig } from './config.js';

test('logs are kept for a month and go nowhere else by default', () => {
  expect(readConfig({}).logs).toEqual({ days: 30, agentMegabytes: 1024, totalMegabytes: 10_240, exports: {} });
});

test('exports are what is set, with secrets that are read from files and printed nowhere', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'log-config-'));
  const file = join(folder, 'authorization');
  await writeFile(file, 'Bearer one\n');
  const { logs } = readConfig({
    PIPECAT_CLOUD_LOG_EXPORT_LOKI_URL: 'http://loki:3100/',
    PIPECAT_CLOUD_LOG_EXPORT_LOKI_TENANT: 'team',
    PIPECAT_CLOUD_LOG_EXPORT_OTLP_URL: 'https://collector.example/otlp',
    PIPECAT_CLOUD_LOG_EXPORT_OTLP_AUTHORIZATION_FILE: file,
    PIPECAT_CLOUD_S3_BUCKET: 'bucket',
    PIPECAT_CLOUD_S3_ACCESS_KEY_ID: 'id',
    PIPECAT_CLOUD_S3_SECRET_ACCESS_KEY: 'secret',
    PIPECAT_CLOUD_LOG_EXPORT_S3_PREFIX: '/logs/',
  });
  expect(logs.exports).toMatchObject({
    loki: { url: 'http://loki:3100', tenant: 'team' },
    otlp: { url: 'https://collector.example/otlp' },
    s3: { prefix: 'logs' },
  });
  expect(await logs.exports.loki?.authorization()).toBeUndefined();
  expect(await logs.exports.otlp?.authorization()).toBe('Bearer one');
  await writeFile(file, 'Bearer two');
  expect(await logs.exports.otlp?.authorization()).toBe('Bearer two');
  expect(JSON.stringify(logs)).not.toContain('Bearer');
  await rm(folder, { recursive: true });
});

test.each([
  [{ PIPECAT_CLOUD_LOG_DAYS: '-1' }, /LOG_DAYS/],
  [{ PIPECAT_CLOUD_LOG_DAYS: 'ten' }, /LOG_DAYS/],
  [{ PIPECAT_CLOUD_LOG_MAX_MB: '1e3' }, /LOG_MAX_MB/],
  [{ PIPECAT_CLOUD_LOG_AGENT_MAX_MB: '99999999999' }, /LOG_AGENT_MAX_MB/],
  [{ PIPECAT_CLOUD_LOG_EXPORT_LOKI_URL: 'loki:3100' }, /LOKI_URL/],
  [{ PIPECAT_CLOUD_LOG_EXPORT_OTLP_URL: 'http://user:word@x' }, /OTLP_URL(?!.*word@)/],
  [{ PIPECAT_CLOUD_LOG_EXPORT_S3_PREFIX: 'logs' }, /S3_BUCKET is not set/],
] as const)('refuses %o', (environment, message) => {
  expect(() => readConfig(environment)).toThrow(message);
});
