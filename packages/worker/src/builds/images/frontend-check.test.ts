import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { contextOf } from '../../testing/process-driver-setup.js';
import { checkFrontend, frontendOf, hasMount, readDockerfile } from './frontend-check.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'frontend-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function read(dockerfile: string, path: string, asked: string) {
  const archive = join(folder, 'context.tar.gz');
  await writeFile(archive, await contextOf({ [path]: dockerfile, 'bot.py': '# syntax=evil/frontend' }));
  return await readDockerfile(archive, asked);
}
const check = async (dockerfile: string, path = 'Dockerfile', asked = path) =>
  checkFrontend(await read(dockerfile, path, asked));

test.each([
  'FROM scratch',
  '# syntax=docker/dockerfile:1\nFROM scratch',
  '#syntax = docker.io/docker/dockerfile:1.7-labs\nFROM scratch',
  `# syntax=docker/dockerfile@sha256:${'a'.repeat(64)}\nFROM scratch`,
  'FROM scratch\n# syntax=evil/frontend',
  '',
])('%j is built', async (dockerfile) => {
  await expect(check(dockerfile)).resolves.toBeUndefined();
});

test.each([
  '# syntax=evil/frontend\nFROM scratch',
  '#SYNTAX = evil/frontend:1\r\nFROM scratch',
  '# escape=`\n# syntax=docker/dockerfile-upstream:master\nFROM scratch',
  '# syntax=docker/dockerfile.evil.example/x\nFROM scratch',
  '# syntax=evil.example/docker/dockerfile:1\nFROM scratch',
  '# syntax=docker/dockerfile:1 evil\nFROM scratch',
  '\ufeff# syntax=evil/frontend\nFROM scratch',
  '#!/usr/bin/env frontend\n# syntax=evil/frontend\nFROM scratch',
  '// syntax=evil/frontend\nFROM scratch',
  '{"syntax": "evil/frontend"}',
  '# a comment\n\n   # syntax=evil/frontend\nFROM scratch',
])('%j is refused, with the way out', async (dockerfile) => {
  await expect(check(dockerfile)).rejects.toThrow(/docker\/dockerfile alone.*Take that line out/);
});

test.each([
  ['RUN --mount=type=cache,target=/c true', true],
  ['  run  --network=none --mount=type=cache true', true],
  ['RUN \\\n# between\n  --mount=type=bind,from=other,target=/o true', true],
  ['# escape=`\nRUN `\r\n --mount=type=secret,id=A true', true],
  ['ONBUILD RUN --mount=type=cache,target=/c true', true],
  ['# RUN --mount=type=cache,target=/c true\nRUN mount --mount', false],
  ['RUN echo --mount', false],
])('of %j it is known whether it mounts: %s', (dockerfile, mounts) => {
  expect(hasMount(dockerfile)).toBe(mounts);
});

test('the Dockerfile that the build names is the one that is looked at', async () => {
  await expect(
    check('# syntax=evil/frontend', 'docker/agent.Dockerfile', './docker//agent.Dockerfile'),
  ).rejects.toThrow();
  await expect(check('# syntax=evil/frontend', 'Dockerfile', 'bot.py')).rejects.toThrow();
  expect(frontendOf('# syntax=a/b')).toBe('a/b');
});

test.each([
  ['Dockerfile', './Dockerfile', './Dockerfile'],
  ['docker/agent.Dockerfile', './docker//agent.Dockerfile', './docker/agent.Dockerfile'],
  // Podman reads them as lists of files.
  ['["other"]', '["other"]', './["other"]'],
  ['null', 'null', './null'],
])('the engine is told %j for %j in the spelling that it can read in one way', async (path, asked, told) => {
  expect(await read('FROM scratch', path, asked)).toEqual({ path: told, text: 'FROM scratch' });
});

test.each([
  // BuildKit falls back to lower case.
  ['dockerfile', 'Dockerfile'],
  // Docker takes these for no name, and then its own choice.
  ['Dockerfile', '.'],
  ['Dockerfile', ''],
  ['Dockerfile', './/'],
  ['Dockerfile', '["Dockerfile"]'],
  ['Dockerfile', 'https://example.com/Dockerfile'],
  ['docker/agent.Dockerfile', 'docker'],
])('where there is %j, the engine is not asked for %j', async (path, asked) => {
  await expect(read('FROM scratch', path, asked)).rejects.toThrow('The Dockerfile is not where');
});
