import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { formatToken } from '@pipecat-cloud/contract/token-format';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { mayHoldCredentials, scanFile } from './scan-file.js';

const value = formatToken('private', '0123456789abcdef0123456789abcdef01234567');
const pieceBytes = 256 * 1024;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pipecat-scan-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function file(content: string | Buffer): Promise<string> {
  const path = join(folder, 'file');
  await writeFile(path, content);
  return path;
}

async function countOf(path: string): Promise<number> {
  let count = 0;
  await scanFile(path, 100_000_000, () => count++);
  return count;
}

describe('the first look at a file', () => {
  test.each<[string, string | Buffer]>([
    ['at its start', `${value}\n`],
    ['at its end', `${'x'.repeat(1000)}${value}`],
    ['in a later piece', `${'x'.repeat(3 * pieceBytes)}${value} and more`],
    ['in UTF-16', Buffer.from(`\ufeffKEY=${value}\n`, 'utf16le')],
  ])('finds a credential %s', async (_name, content) => {
    const path = await file(content);
    expect(await countOf(path)).toBe(1);
    expect(mayHoldCredentials(path)).toBe(true);
  });

  test('finds one wherever the pieces are cut', async () => {
    for (let before = pieceBytes - value.length - 1; before <= pieceBytes + 1; before++) {
      expect(mayHoldCredentials(await file(`${'x'.repeat(before)}${value}`))).toBe(true);
    }
  });

  test('passes over words that look like a beginning, and over nothing at all', async () => {
    expect(mayHoldCredentials(await file('task_id = mask_of(disk_0123456789abcdef)\n'.repeat(20_000)))).toBe(false);
    expect(mayHoldCredentials(await file(''))).toBe(false);
    // What an earlier file has left in memory is not this one's.
    expect(mayHoldCredentials(await file(value))).toBe(true);
    expect(mayHoldCredentials(await file('x'))).toBe(false);
  });

  test('says when there is nothing to look at', () => {
    expect(() => mayHoldCredentials(join(folder, 'missing'))).toThrow('ENOENT');
  });
});
