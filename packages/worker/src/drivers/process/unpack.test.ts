import { createHash } from 'node:crypto';
import { lstat, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { download } from '../../builds/download.js';
import { never } from '../../testing/driver-tools.js';
import { contextOf, type RawEntry, rawContext } from '../../testing/process-driver-setup.js';
import { DriverError } from '../driver.js';
import { unpack } from './unpack.js';

describe('a context', () => {
  let root: string;
  let target: string;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'unpack-'));
    target = join(root, 'deep', 'er', 'target');
    await mkdir(target, { recursive: true });
  });
  afterEach(() => rm(root, { recursive: true }));

  async function unpacked(archive: Buffer): Promise<void> {
    await writeFile(join(root, 'context'), archive);
    await unpack(join(root, 'context'), target, never);
  }
  const everything = async () => (await readdir(root, { recursive: true })).sort();

  test('is unpacked with its folders; only the executable bit of a mode counts', async () => {
    const long = `${'n'.repeat(120)}/${'m'.repeat(120)}.txt`;
    await unpacked(await contextOf({ 'bot.py': 'x', 'a/b/c.txt': 'deep', [long]: 'long', 'ü.txt': 'name' }));
    expect(await readFile(join(target, 'a/b/c.txt'), 'utf8')).toBe('deep');
    expect(await readFile(join(target, long), 'utf8')).toBe('long');
    expect(await readFile(join(target, 'ü.txt'), 'utf8')).toBe('name');
    expect((await lstat(join(target, 'bot.py'))).mode & 0o777).toBe(0o600);
  });

  const outside: [string, RawEntry[]][] = [
    ['a path with ..', [{ path: '../escaped', text: 'x' }]],
    ['a path with .. inside', [{ path: 'a/../../escaped', text: 'x' }]],
    ['a path with a backslash', [{ path: 'a\\..\\..\\escaped', text: 'x' }]],
    ['an absolute path', [{ path: '/tmp/escaped', text: 'x' }]],
    ['a symlink', [{ path: 'link', type: 'SymbolicLink', linkpath: '..' }]],
    [
      'a file through a symlink',
      [
        { path: 'link', type: 'SymbolicLink', linkpath: '..' },
        { path: 'link/escaped', text: 'x' },
      ],
    ],
    ['a hard link', [{ path: 'link', type: 'Link', linkpath: '/etc/passwd' }]],
    ['a device', [{ path: 'device', type: 'CharacterDevice' }]],
    ['a pipe', [{ path: 'pipe', type: 'FIFO' }]],
  ];
  test.each(outside)('with %s is refused, and neither it nor what follows is written', async (_, entries) => {
    const before = [...(await everything()), 'context'].sort();
    const failure = unpacked(rawContext([...entries, { path: 'after', text: 'x' }]));
    await expect(failure).rejects.toBeInstanceOf(DriverError);
    await expect(failure).rejects.toThrow(entries[0]?.path);
    expect(await everything()).toEqual(before);
  });

  test('of an entry type that nobody knows is refused', async () => {
    const tar = gunzipSync(rawContext([{ path: 'sparse' }]));
    tar.write('S', 156);
    // The checksum counts the bytes of the header with its own field as spaces.
    tar.fill(' ', 148, 156);
    const sum = tar.subarray(0, 512).reduce((total, byte) => total + byte, 0);
    tar.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
    await expect(unpacked(gzipSync(tar))).rejects.toThrow("'sparse'");
  });

  test('with more entries than a context may have is refused', async () => {
    const entry = rawTar({ path: 'd/', type: 'Directory' });
    await expect(unpacked(gzipSync(Buffer.concat(Array(100_001).fill(entry))))).rejects.toThrow('more files or bytes');
  });

  test('with a file larger than a context may be is refused before it is written', async () => {
    const header = rawTar({ path: 'huge' });
    header.write(`${(524_288_001).toString(8).padStart(11, '0')}\0`, 124);
    header.fill(' ', 148, 156);
    const sum = header.reduce((total, byte) => total + byte, 0);
    header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
    await expect(unpacked(gzipSync(Buffer.concat([header, Buffer.alloc(1024)])))).rejects.toThrow(
      'more files or bytes',
    );
    expect(await readdir(target)).toEqual([]);
  });

  test.each([
    ['no gzip', (archive: Buffer) => archive.fill(0, 0, 2)],
    ['cut off', (archive: Buffer) => archive.subarray(0, archive.length - 20)],
    ['no tar', () => gzipSync(Buffer.from('plain text, and a lot of it'.repeat(100)))],
  ])('that is %s is refused', async (_, damage) => {
    const archive = await contextOf({ 'a.txt': 'a'.repeat(5000), 'b.txt': 'b' });
    await expect(unpacked(damage(archive))).rejects.toThrow('no complete gzip-compressed tar');
  });

  test('is downloaded only if its checksum is right', async () => {
    const sha256 = createHash('sha256').update('context').digest('hex');
    const path = join(root, 'download');
    await download(async () => Readable.from([Buffer.from('con'), Buffer.from('text')]), path, sha256, never);
    expect(await readFile(path, 'utf8')).toBe('context');
    const other = download(async () => Readable.from([Buffer.from('contex')]), path, sha256, never);
    await expect(other).rejects.toThrow('checksum');
    const broken = async () =>
      Readable.from(
        (async function* () {
          yield Buffer.from('con');
          throw new Error('reset');
        })(),
      );
    await expect(download(broken, path, sha256, never)).rejects.toThrow('could not be downloaded');
  });
});

/** One header block. */
function rawTar(entry: RawEntry): Buffer {
  return Buffer.from(gunzipSync(rawContext([entry])).subarray(0, 512));
}
