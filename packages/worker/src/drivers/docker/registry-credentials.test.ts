import { expect, test } from 'vitest';
import { registryAuth, registryConfig } from './registry-credentials.js';

const registry = (host: string) => ({ host, credentials: Buffer.from('ann:pass:wörd').toString('base64') });
const login = { username: 'ann', password: 'pass:wörd' };
const read = (header: string | undefined) => JSON.parse(Buffer.from(header ?? '', 'base64url').toString());

test('one registry is asked with what is for it, and another one with nothing', () => {
  const header = registryAuth(registry('https://ghcr.io/'), 'ghcr.io')['x-registry-auth'];
  expect(read(header)).toEqual({ ...login, serveraddress: 'https://ghcr.io/' });
  // Engines take it for empty without.
  expect((header?.length ?? 1) % 4).toBe(0);
  expect(registryAuth(registry('https://ghcr.io/'), 'docker.io')).toEqual({});
  expect(registryAuth(undefined, 'ghcr.io')).toEqual({});
});

test.each([
  ['https://GHCR.io/v2/', 'ghcr.io'],
  ['127.0.0.1:5000/', '127.0.0.1:5000'],
  ['docker.io/', 'https://index.docker.io/v1/'],
  ['https://index.docker.io/v1/', 'https://index.docker.io/v1/'],
])('for a build %s is called %s, as engines look it up', (host, key) => {
  const header = registryConfig(registry(host))['x-registry-config'];
  expect(read(header)).toEqual({ [key]: { ...login, serveraddress: host } });
});

test('a build without credentials has no header', () => {
  expect(registryConfig(undefined)).toEqual({});
});
