import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { replaceFile } from './files.js';

test('a file that could not be replaced leaves nothing beside it', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'files-'));
  try {
    const path = join(folder, 'record.json');
    // No file takes the place of a folder.
    await mkdir(path);
    await expect(replaceFile(path, '{}', { durable: false })).rejects.toThrow('EISDIR');
    expect(await readdir(folder)).toEqual(['record.json']);
  } finally {
    await rm(folder, { recursive: true });
  }
});
