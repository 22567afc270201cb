import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { loadConfig } from './config.js';

test('defaults run a worker beside its control plane', () => {
  expect(loadConfig({})).toMatchObject({
    controlUrl: 'http://127.0.0.1:7400',
    workerDir: resolve('data/worker'),
    name: hostname(),
    enrolmentFile: resolve('data/worker-enrolment'),
    dataHost: '127.0.0.1',
    dataPort: 0,
    logLevel: 'info',
  });
});

test('the port and the data folder are those of the control plane', () => {
  expect(loadConfig({ PORT: '8000', PIPECAT_CLOUD_DATA_DIR: '/srv/data' })).toMatchObject({
    controlUrl: 'http://127.0.0.1:8000',
    workerDir: '/srv/data/worker',
    enrolmentFile: '/srv/data/worker-enrolment',
  });
});

test('each variable counts', () => {
  const config = loadConfig({
    PIPECAT_CLOUD_CONTROL_URL: 'https://cloud.test/',
    PIPECAT_CLOUD_WORKER_DIR: '/w',
    PIPECAT_CLOUD_WORKER_NAME: 'one',
    PIPECAT_CLOUD_WORKER_ENROLMENT_FILE: '/e',
    PIPECAT_CLOUD_WORKER_DATA_HOST: '10.0.0.1',
    PIPECAT_CLOUD_WORKER_DATA_PORT: '7500',
    PIPECAT_CLOUD_LOG_LEVEL: 'debug',
    PIPECAT_CLOUD_WORKER_DRIVER: 'docker',
    PIPECAT_CLOUD_WORKER_ENGINE: 'unix:///run/engine.sock',
    PIPECAT_CLOUD_WORKER_IMAGE_DAYS: '0',
    PIPECAT_CLOUD_WORKER_NETWORKS_APART: 'yes',
  });
  expect(config).toMatchObject({
    controlUrl: 'https://cloud.test',
    workerDir: '/w',
    name: 'one',
    enrolmentFile: '/e',
    dataHost: '10.0.0.1',
    dataPort: 7500,
    logLevel: 'debug',
    driver: 'docker',
    engine: 'unix:///run/engine.sock',
    imageDays: 0,
    networksApart: true,
  });
});

test('every wrong variable is named at once', () => {
  const wrong = {
    PORT: '70000',
    PIPECAT_CLOUD_CONTROL_URL: 'ftp://x',
    PIPECAT_CLOUD_WORKER_DATA_PORT: 'many',
    PIPECAT_CLOUD_LOG_LEVEL: 'loud',
    PIPECAT_CLOUD_WORKER_DRIVER: 'podman',
    PIPECAT_CLOUD_WORKER_ENGINE: '/var/run/docker.sock',
    PIPECAT_CLOUD_WORKER_IMAGE_DAYS: '-1',
    PIPECAT_CLOUD_WORKER_NETWORKS_APART: 'true',
    PIPECAT_CLOUD_WORKER_NAME: 'x'.repeat(101),
  };
  for (const name of Object.keys(wrong)) expect(() => loadConfig(wrong)).toThrow(name);
});
