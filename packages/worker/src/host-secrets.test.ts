import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createHostSecrets, type HostSecrets } from './host-secrets.js';

let folder: string;
let secrets: HostSecrets;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'secrets-'));
  secrets = createHostSecrets(folder);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function put(name: string, text: string, mode = 0o600): Promise<void> {
  const path = join(folder, `${name}.env`);
  await writeFile(path, text);
  await chmod(path, mode);
}

test('keys and values of a file, which is read anew each time', async () => {
  await put('prod', '# a comment\nA=1\nB="two words"\n\nC=a=b\n');
  const first = await secrets.read('prod');
  expect(first.values).toEqual({ A: '1', B: 'two words', C: 'a=b' });
  expect((await secrets.read('prod')).version).toBe(first.version);
  await put('prod', 'A=2\n');
  const second = await secrets.read('prod');
  expect(second.values).toEqual({ A: '2' });
  expect(second.version).not.toBe(first.version);
});

test('a file that is not there is named with the way to it', async () => {
  await expect(secrets.read('prod')).rejects.toThrow(`${join(folder, 'prod.env')} is not there`);
});

test('a file that others may read is refused, and nothing of it is said', async () => {
  await put('prod', 'A=canary-1\n', 0o640);
  const error = await secrets.read('prod').catch((cause: Error) => cause);
  expect(String(error)).toContain('chmod 600');
  expect(String(error)).not.toContain('canary-1');
});

test.each(['../prod', 'a/b', '', '.hidden', 'a..b', 'UPPER', 'x'.repeat(64)])('%j is no name', async (name) => {
  await expect(secrets.read(name)).rejects.toThrow('cannot be the name');
});

test('a key that no environment would carry is refused without its value', async () => {
  await put('prod', `${'K'.repeat(65)}=canary-2\n`);
  const error = await secrets.read('prod').catch((cause: Error) => cause);
  expect(String(error)).toContain('a key of it');
  expect(String(error)).not.toContain('canary-2');
});
