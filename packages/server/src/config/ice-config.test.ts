import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readConfig } from './config.js';

const ice = (environment: Record<string, string>) => readConfig(environment).ice;

test('servers are read from a list, a public STUN server by default, none when off', () => {
  expect(ice({}).urls).toEqual(['stun:stun.l.google.com:19302']);
  expect(ice({ PIPECAT_CLOUD_ICE_SERVERS: ' stun:a:3478 ,stun:[::1] ' }).urls).toEqual(['stun:a:3478', 'stun:[::1]']);
  expect(ice({ PIPECAT_CLOUD_ICE_SERVERS: 'off' }).urls).toEqual([]);
});

test('the secret of TURN servers comes from the environment or a file', async () => {
  const servers = { PIPECAT_CLOUD_ICE_SERVERS: 'turn:a?transport=tcp,turns:b:5349' };
  expect(await ice({ ...servers, PIPECAT_CLOUD_TURN_SECRET: 'x' }).turnSecret?.()).toBe('x');
  const file = join(mkdtempSync(join(tmpdir(), 'pipecat-cloud-ice-')), 'secret');
  writeFileSync(file, 'y\n');
  expect(await ice({ ...servers, PIPECAT_CLOUD_TURN_SECRET_FILE: file }).turnSecret?.()).toBe('y');
});

test.each([
  [{ PIPECAT_CLOUD_ICE_SERVERS: 'stun.example.com' }, 'PIPECAT_CLOUD_ICE_SERVERS: addresses such as'],
  [{ PIPECAT_CLOUD_ICE_SERVERS: 'turn:a?transport=sctp' }, 'PIPECAT_CLOUD_ICE_SERVERS: addresses such as'],
  [{ PIPECAT_CLOUD_ICE_SERVERS: 'turn:a' }, 'with PIPECAT_CLOUD_TURN_SECRET'],
  [{ PIPECAT_CLOUD_TURN_SECRET: 'x', PIPECAT_CLOUD_TURN_SECRET_FILE: 'y' }, 'not both'],
])('%j is refused', (environment, text) => {
  expect(() => ice(environment)).toThrow(text);
});
