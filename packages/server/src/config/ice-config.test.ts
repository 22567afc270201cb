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

test('TURN servers share a secret, or all sessions get one name and password; both also from a file', async () => {
  const servers = { PIPECAT_CLOUD_ICE_SERVERS: 'turn:a?transport=tcp,turns:b:5349' };
  const secretOf = async (environment: Record<string, string>) => {
    const { turn } = ice({ ...servers, ...environment });
    if (!turn) return undefined;
    return 'secret' in turn ? await turn.secret() : `${turn.username}:${await turn.password()}`;
  };
  const file = join(mkdtempSync(join(tmpdir(), 'pipecat-cloud-ice-')), 'secret');
  writeFileSync(file, 'y\n');
  expect(await secretOf({ PIPECAT_CLOUD_TURN_SECRET: 'x' })).toBe('x');
  expect(await secretOf({ PIPECAT_CLOUD_TURN_SECRET_FILE: file })).toBe('y');
  const name = { PIPECAT_CLOUD_TURN_USERNAME: 'u' };
  expect(await secretOf({ ...name, PIPECAT_CLOUD_TURN_PASSWORD: 'p' })).toBe('u:p');
  expect(await secretOf({ ...name, PIPECAT_CLOUD_TURN_PASSWORD_FILE: file })).toBe('u:y');
});

test.each([
  [{ PIPECAT_CLOUD_ICE_SERVERS: 'stun.example.com' }, 'PIPECAT_CLOUD_ICE_SERVERS: addresses such as'],
  [{ PIPECAT_CLOUD_ICE_SERVERS: 'turn:a?transport=sctp' }, 'PIPECAT_CLOUD_ICE_SERVERS: addresses such as'],
  [{ PIPECAT_CLOUD_ICE_SERVERS: 'turn:a' }, 'with PIPECAT_CLOUD_TURN_SECRET'],
  [{ PIPECAT_CLOUD_TURN_SECRET: 'x', PIPECAT_CLOUD_TURN_SECRET_FILE: 'y' }, 'not both'],
  [{ PIPECAT_CLOUD_TURN_USERNAME: 'u' }, 'together with its password'],
  [{ PIPECAT_CLOUD_TURN_PASSWORD: 'p' }, 'together with its password'],
  [
    { PIPECAT_CLOUD_TURN_USERNAME: 'u', PIPECAT_CLOUD_TURN_PASSWORD: 'p', PIPECAT_CLOUD_TURN_SECRET: 'x' },
    'either a user name',
  ],
])('%j is refused', (environment, text) => {
  expect(() => ice(environment)).toThrow(text);
});
