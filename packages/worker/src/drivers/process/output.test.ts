import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { writeShort } from '../../testing/short-writes.js';
import { maskOutput } from './output.js';

test('a secret is masked whole also where the system takes it in parts', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'output-'));
  const path = join(folder, 'output');
  await writeFile(path, 'one\nmy secret\n');
  const writes = await writeShort(3);
  await maskOutput(path, { from: 4, to: 14 }, () => Buffer.from('my ******\n'));
  writes.mockRestore();
  expect(await readFile(path, 'utf8')).toBe('one\nmy ******\n');
  await rm(folder, { recursive: true });
});
