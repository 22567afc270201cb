import { expect, test } from 'vitest';
import { isForRegistry, parseImage } from './image-reference.js';
import { pullError } from './pull-errors.js';

const reference = { registry: 'docker.io', name: 'team/bot', tag: '1' };

// What Docker 20.10 to 28 and Podman say, as they say it.
test.each([
  [
    'PCC_IMAGE_PULL_UNAUTHORIZED',
    "pull access denied for team/bot, repository does not exist or may require 'docker login': denied: requested access to the resource is denied",
  ],
  ['PCC_IMAGE_PULL_UNAUTHORIZED', 'Head "https://ghcr.io/v2/team/bot/manifests/1": unauthorized'],
  ['PCC_IMAGE_PULL_UNAUTHORIZED', 'Get https://registry.example.com/v2/: no basic auth credentials'],
  ['PCC_IMAGE_PULL_UNAUTHORIZED', 'Error response from daemon: error from registry: denied'],
  ['PCC_IMAGE_PULL_UNAUTHORIZED', 'unexpected status from HEAD request to https://x/v2/y/manifests/1: 403 Forbidden'],
  ['PCC_IMAGE_NOT_FOUND', 'manifest for team/bot:1 not found: manifest unknown: manifest unknown'],
  ['PCC_IMAGE_NOT_FOUND', 'failed to resolve reference "docker.io/team/bot:1": docker.io/team/bot:1: not found'],
  ['PCC_IMAGE_NOT_FOUND', 'manifest unknown: Failed to fetch "1"'],
  ['PCC_IMAGE_NOT_FOUND', 'name unknown: The repository with name bot does not exist in the registry'],
  [
    'PCC_IMAGE_PULL_RATE_LIMIT',
    'toomanyrequests: You have reached your pull rate limit. You may increase the limit by authenticating',
  ],
  ['PCC_IMAGE_PULL_RATE_LIMIT', 'unexpected status code 429 Too Many Requests'],
  ['PCC_INVALID_IMAGE_PLATFORM', 'no image found in manifest list for architecture amd64, variant "", OS linux'],
  ['PCC_INVALID_IMAGE_PLATFORM', 'no matching manifest for linux/amd64 in the manifest list entries'],
  ['PCC_INVALID_IMAGE_PLATFORM', 'image operating system "windows" cannot be used on this platform'],
  [
    'PCC_IMAGE_TOO_LARGE',
    'failed to register layer: Error processing tar file(exit status 1): write /usr/lib/x: no space left on device',
  ],
  [
    'PCC_IMAGE_PULL_UNKNOWN_ERROR',
    'Get "https://registry-1.docker.io/v2/": dial tcp: lookup registry-1.docker.io: no such host',
  ],
  ['PCC_IMAGE_PULL_UNKNOWN_ERROR', 'Get "https://registry-1.docker.io/v2/": net/http: TLS handshake timeout'],
])('%s: %s', (code, words) => {
  const error = pullError('team/bot:1', reference, words);
  expect(error.code).toBe(code);
  expect(error.message).toContain(words);
});

test.each([
  ['bot', { registry: 'docker.io', name: 'bot', tag: 'latest' }],
  ['team/bot:1', { registry: 'docker.io', name: 'team/bot', tag: '1' }],
  ['localhost/bot:v1.2', { registry: 'localhost', name: 'localhost/bot', tag: 'v1.2' }],
  ['ghcr.io/team/a/b', { registry: 'ghcr.io', name: 'ghcr.io/team/a/b', tag: 'latest' }],
  ['127.0.0.1:5000/x:1', { registry: '127.0.0.1:5000', name: '127.0.0.1:5000/x', tag: '1' }],
  [`x:1@sha256:${'a'.repeat(64)}`, { registry: 'docker.io', name: 'x', digest: `sha256:${'a'.repeat(64)}` }],
])('%s is read as engines read it', (text, parts) => {
  expect(parseImage(text)).toEqual(parts);
});

test('a pull secret is for its own registry, however it is written', () => {
  for (const host of ['https://index.docker.io/v1/', 'docker.io', 'registry-1.docker.io/']) {
    expect(isForRegistry(host, 'docker.io')).toBe(true);
  }
  expect(isForRegistry('https://GHCR.io/', 'ghcr.io')).toBe(true);
  expect(isForRegistry('ghcr.io', 'ghcr.io.example.com')).toBe(false);
  expect(isForRegistry('example.com:5000', 'example.com')).toBe(false);
  expect(isForRegistry('', 'docker.io')).toBe(false);
});
