import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { pythonVersion } from '@pipecat-cloud/worker/drivers/process/python';
import { afterAll, afterEach, expect, test } from 'vitest';
import { resources } from './environment.js';
import { cleanUp, temporaryFolder } from './paths.js';
import { layPythonEnvironments } from './python-environments.js';

const present = { ...resources };
afterEach(() => Object.assign(resources, present));
afterAll(cleanUp);

const path = [dirname(process.execPath), process.env.PATH ?? ''].join(delimiter);
const found = await pythonVersion({ PATH: path }).catch(() => undefined);

test.skipIf(!found)('only an environment of the Python that a worker takes is laid', async () => {
  const [major, minor, patch] = (found ?? '').split(' ').map(Number);
  const laid = async (version: string) => {
    const [made, dataDir] = [temporaryFolder('environment'), temporaryFolder('data')];
    for (const name of ['bin', 'lib']) mkdirSync(join(made, name));
    writeFileSync(join(made, 'pyvenv.cfg'), `home = /usr/bin\nversion = ${version}\nexecutable = /usr/bin/python3\n`);
    mkdirSync(join(dataDir, 'worker/venvs'), { recursive: true });
    Object.assign(resources, { python: join(made, 'bin/python'), pipecat: undefined });
    await layPythonEnvironments(dataDir, ['org-1', 'org-2']);
    return readdirSync(join(dataDir, 'worker/venvs')).length;
  };
  expect(await laid(`${major}.${minor}.${patch}`)).toBe(2);
  expect(await laid(`${major}.${minor}.${(patch ?? 0) + 1}`)).toBe(0);
});
