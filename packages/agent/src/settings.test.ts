import { expect, test } from 'vitest';
import { readSettings } from './settings.js';

test('without variables the contract defaults hold', () => {
  expect(readSettings({})).toEqual({
    host: '0.0.0.0',
    port: 8080,
    shutdownTimeoutSeconds: 7200,
    logLevel: 'DEBUG',
    imageVersion: 'unknown',
    warnings: [],
  });
});

test('reads every variable, the level in any case', () => {
  const env = { HOST: '::1', PORT: '1', SHUTDOWN_TIMEOUT: '0', PIPECAT_LOG_LEVEL: 'warning', IMAGE_VERSION: '1.2' };
  expect(readSettings(env)).toEqual({
    host: '::1',
    port: 1,
    shutdownTimeoutSeconds: 0,
    logLevel: 'WARNING',
    imageVersion: '1.2',
    warnings: [],
  });
});

test.each(['x', '-1', '65536', '80.5', '1e9'])('refuses PORT %s and says so', (port) => {
  expect(() => readSettings({ PORT: port })).toThrow(`PORT is '${port}'`);
});

test.each(['long', '-1', 'Infinity'])('falls back with a warning for SHUTDOWN_TIMEOUT %s', (value) => {
  const settings = readSettings({ SHUTDOWN_TIMEOUT: value });
  expect(settings.shutdownTimeoutSeconds).toBe(7200);
  expect(settings.warnings).toEqual([expect.stringContaining(`'${value}'`)]);
});

test.each(['loud', 'constructor'])('falls back with a warning for PIPECAT_LOG_LEVEL %s', (value) => {
  const settings = readSettings({ PIPECAT_LOG_LEVEL: value });
  expect(settings.logLevel).toBe('DEBUG');
  expect(settings.warnings).toEqual([expect.stringContaining(`'${value}'`)]);
});
