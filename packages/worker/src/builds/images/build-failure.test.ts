import { expect, test } from 'vitest';
import { explainFailure } from './build-failure.js';

const load = '[internal] load metadata for docker.io/dailyco/pipecat-base:latest';
const solve = 'failed to solve with frontend dockerfile.v0: failed to create LLB definition: ';

/** Step, the engine's words, and what the team reads. */
const cases: [code: string, step: string | undefined, words: string, expected: RegExp][] = [
  [
    'PCC_IMAGE_PULL_UNKNOWN_ERROR',
    load,
    `${solve}failed to do request: Head "https://registry-1.docker.io/v2/": dial tcp: lookup registry-1.docker.io: no such host`,
    /^docker\.io\/dailyco\/pipecat-base:latest could not be pulled.*reach the registry/,
  ],
  [
    'PCC_IMAGE_NOT_FOUND',
    load,
    `${solve}docker.io/dailyco/pipecat-base:latest: not found`,
    /does not exist: check name/,
  ],
  [
    'PCC_IMAGE_PULL_UNAUTHORIZED',
    load,
    `${solve}pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed`,
    /does not exist, or its registry does not let this build have it.*--build-credentials/,
  ],
  [
    'PCC_IMAGE_PULL_UNAUTHORIZED',
    load,
    'pulling from host registry.example.com failed with status code [manifests 1]: 403 Forbidden',
    /^docker\.io\/dailyco\/pipecat-base:latest does not exist, or/,
  ],
  [
    'PCC_IMAGE_PULL_UNAUTHORIZED',
    'FROM registry.example.com/team/base:1',
    'pulling from host registry.example.com failed with status code [manifests 1]: 401 Unauthorized',
    /^registry\.example\.com\/team\/base:1 does not exist, or/,
  ],
  [
    'PCC_IMAGE_PULL_UNAUTHORIZED',
    undefined,
    'invalid from flag value registry.example.com/team/base:1: unauthorized: who are you',
    /^registry\.example\.com\/team\/base:1 does not exist, or/,
  ],
  [
    'PCC_IMAGE_PULL_UNAUTHORIZED',
    undefined,
    'Head "https://registry.example.com/v2/team/base/manifests/1": no basic auth credentials',
    /^registry\.example\.com\/team\/base:1 does not exist, or/,
  ],
  [
    'PCC_IMAGE_PULL_UNAUTHORIZED',
    undefined,
    'Get "https://registry.example.com/v2/": denied: access forbidden',
    /^an image of registry\.example\.com does not exist, or/,
  ],
  [
    'PCC_IMAGE_PULL_UNAUTHORIZED',
    undefined,
    'unauthorized: incorrect username or password',
    /^the base image does not exist, or/,
  ],
  [
    'PCC_IMAGE_PULL_RATE_LIMIT',
    load,
    `${solve}unexpected status code 429 Too Many Requests - toomanyrequests: You have reached your pull rate limit`,
    /lets this machine pull no more for now/,
  ],
  [
    'PCC_INVALID_IMAGE_PLATFORM',
    load,
    `${solve}no match for platform in manifest sha256:1: not found`,
    /does not exist for linux\/amd64/,
  ],
  [
    'PCC_IMAGE_NOT_FOUND',
    undefined,
    'manifest for busybox:nope not found: manifest unknown: manifest unknown',
    /^busybox:nope does not exist/,
  ],
  [
    'PCC_UNKNOWN_ERROR',
    '[2/3] RUN pip install x',
    'failed to copy: write /var/lib/docker/x: no space left on device',
    /disk of the worker's container engine is full/,
  ],
  [
    'PCC_UNKNOWN_ERROR',
    '[2/3] RUN pip install x',
    'process "/bin/sh -c pip install x" did not complete successfully: exit code: 137',
    /Step \[2\/3\] RUN pip install x failed with exit code 137 \(it was killed/,
  ],
  [
    'PCC_UNKNOWN_ERROR',
    '[3/3] COPY gone /',
    'failed to compute cache key: "/gone" not found: not found',
    /COPY gone \/ names a file that is not in the build context/,
  ],
  [
    'PCC_UNKNOWN_ERROR',
    undefined,
    'failed to solve with frontend dockerfile.v0: failed to read dockerfile: open /tmp/x/Other: no such file or directory',
    /Dockerfile is not where/,
  ],
  // As Podman says it.
  [
    'PCC_UNKNOWN_ERROR',
    undefined,
    'building at STEP "RUN echo why; exit 7": while running runtime: exit status 7',
    /^Step RUN echo why; exit 7 failed with exit code 7/,
  ],
  [
    'PCC_UNKNOWN_ERROR',
    undefined,
    'building at STEP "COPY gone /": checking on sources under "/var/tmp/x/build": copier: stat: "/gone": no such file or directory',
    /^Step COPY gone \/ names a file that is not in the build context/,
  ],
  [
    'PCC_IMAGE_PULL_UNKNOWN_ERROR',
    undefined,
    'creating build container: initializing source docker://registry.invalid/team/base:1: pinging container registry registry.invalid: no such host',
    /^registry\.invalid\/team\/base:1 could not be pulled/,
  ],
];

test.each(cases)('%s at %s: %s', (code, step, message, expected) => {
  const failure = explainFailure({ message, step, lastLine: undefined }, 'linux/amd64');
  expect(failure.code).toBe(code);
  expect(failure.message).toMatch(expected);
  expect(failure.message.includes(code)).toBe(code !== 'PCC_UNKNOWN_ERROR');
});
