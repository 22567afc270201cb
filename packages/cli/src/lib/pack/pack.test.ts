import { createHash } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { list } from 'tar';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { defaultExclusions, excluder, exclusionsFor } from './ignore.js';
import { listFiles } from './list-files.js';
import { pack } from './pack.js';
import { tarPieces } from './tar.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pipecat-pack-test-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function put(name: string, content: string, mode = 0o644): Promise<void> {
  const path = join(folder, name);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content);
  await chmod(path, mode);
}

async function tarOf(excluded = (_: string) => false): Promise<Buffer> {
  // Odd and small, so that every part of an archive is cut somewhere.
  return Buffer.concat([...tarPieces(listFiles(folder, excluded), { pieceBytes: 1001, spare: [] })]);
}

const md5 = (bytes: Buffer) => createHash('md5').update(bytes).digest('hex');
const names = async (patterns: readonly string[] = []) => listFiles(folder, excluder(patterns)).map(({ name }) => name);

describe('the archive is that of the official command line', () => {
  test('for the test vector of contract §10.2', async () => {
    await put('Dockerfile', 'FROM scratch\n');
    await put('bot.py', 'print("hi")\n');
    await put('sub/run.sh', '#!/bin/sh\n', 0o755);
    const tar = await tarOf();
    expect(tar.length).toBe(10_240);
    expect(md5(tar)).toBe('ddb2f645f05404ebd5c13f9755bea33d');
  });

  // The sum was made with Python's tarfile (3.11) from the same files.
  test('for names that are long or not ASCII, in the order of code points', async () => {
    await put('Dockerfile', 'FROM scratch\n');
    await put(`d/${'n'.repeat(120)}.txt`, 'long\n');
    await put('gr\u00fc\u00dfe.txt', 'hallo\n');
    await put('\u{1F600}.txt', 'e\n', 0o755);
    await put('\uff5e.txt', 'f\n');
    await put(`d/${'\u00e9'.repeat(120)}`, '');
    await put('bell\u0007.txt', 'ring\n');
    const tar = await tarOf();
    expect(tar.length).toBe(20_480);
    expect(md5(tar)).toBe('aa5414ba4b32d72466472bd5a5dc881b');
  });

  test('and other readers of tar see every name, mode and size', async () => {
    await put(`d/${'n'.repeat(120)}.txt`, 'long\n');
    await put('run', 'x', 0o700);
    const path = join(folder, '..', `${folder.split('/').at(-1)}.tar`);
    await writeFile(path, await tarOf());
    const seen: [string, number | undefined, number][] = [];
    await list({ file: path, strict: true, onReadEntry: (entry) => seen.push([entry.path, entry.mode, entry.size]) });
    await rm(path);
    expect(seen).toEqual([
      [`d/${'n'.repeat(120)}.txt`, 0o644, 5],
      ['run', 0o755, 1],
    ]);
  });
});

test('the gzip has the header of the contract, its hash is that of the file, and the file leaves nothing behind', async () => {
  await put('bot.py', 'print("hi")\n'.repeat(10_000));
  const temporary = process.env.TMPDIR;
  process.env.TMPDIR = join(folder, 'tmp');
  await mkdir(process.env.TMPDIR);
  try {
    const packed = await pack(listFiles(folder, excluder(['tmp'])));
    const bytes = Buffer.alloc(packed.sizeBytes);
    await packed.file.read(bytes, 0, bytes.length, 0);
    expect(bytes.subarray(0, 10).toString('hex')).toBe('1f8b08000000000000ff');
    expect(packed.hash).toBe(md5(bytes).slice(0, 16));
    expect(md5(gunzipSync(bytes))).toBe(md5(await tarOf(excluder(['tmp']))));
    expect(await readdir(process.env.TMPDIR)).toEqual([]);
    await packed.discard();
  } finally {
    if (temporary === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = temporary;
  }
});

describe('members', () => {
  test('links to files are followed, links to directories are not entered', async () => {
    await put('real/file.txt', 'content');
    await symlink('real/file.txt', join(folder, 'linked.txt'));
    await symlink('real', join(folder, 'linked-folder'));
    expect(await names()).toEqual(['linked.txt', 'real/file.txt']);
  });

  test('a link to nothing is named', async () => {
    await symlink('nowhere', join(folder, 'broken'));
    await expect(names()).rejects.toThrow('broken is a symbolic link to a file that does not exist');
    expect(await names(['broken'])).toEqual([]);
  });

  test('a file that grows or shrinks while it is packed is an error', async () => {
    await put('bot.py', 'print("hi")\n');
    const [file] = listFiles(folder, () => false);
    for (const difference of [-1, 1]) {
      const changed = [{ ...(file as NonNullable<typeof file>), sizeBytes: 12 + difference }];
      const packing = pack(changed);
      await expect(packing).rejects.toThrow('bot.py changed while it was being packed');
    }
  });
});

describe('exclusions', () => {
  test('without a .dockerignore: the defaults and those of the deploy file', async () => {
    for (const name of ['bot.py', '.env', '.env.local', 'a/__pycache__/x.pyc', 'a/key.pem', 'node_modules/m/i.js'])
      await put(name, '');
    for (const name of ['a/dist/out.js', 'notes.md', 'pcc-deploy.toml', 'x.log', 'environment.py', '.git/config'])
      await put(name, '');
    const { patterns, fromDockerignore } = await exclusionsFor(folder, ['./notes.md']);
    expect(fromDockerignore).toBe(false);
    expect(await names(patterns)).toEqual(['bot.py', 'environment.py']);
    expect(defaultExclusions).toHaveLength(44);
  });

  test('with a .dockerignore: its patterns alone, and it is a member itself', async () => {
    await put('.dockerignore', '# comment\n\n./secret/\n  *.tmp \n!keep.tmp\n');
    for (const name of ['.env', 'secret/a', 'sub/secret/b', 'x.tmp', 'keep.tmp', 'notes.md']) await put(name, '');
    const { patterns } = await exclusionsFor(folder, ['notes.md']);
    expect(await names(patterns)).toEqual(['.dockerignore', '.env', 'notes.md']);
  });

  test.each([
    ['*.py', 'a/b.py', true],
    ['a/*', 'a/b/c', true],
    ['a/b', 'a/b', true],
    ['b?', 'x/b1/y', true],
    ['[ab]x', 'ax', true],
    ['[!ab]x', 'ax', false],
    ['[a-c]x', 'bx', true],
    ['[', '[', true],
    ['[]]', ']', true],
    ['a.b', 'aXb', false],
    ['(x)+', '(x)+', true],
    ['ENV', 'env', false],
    ['!x', 'x', false],
    ['**x', 'ax', true],
    ['?', '\u{1F600}', true],
    ['[\u{1F600}-\u{1F602}]', '\u{1F601}', true],
    ['[c-a]', 'b', false],
    ['[|-[]', '[', false],
    ['[!c-a]', 'b', true],
    ['a|b', 'a', false],
  ])('%s on %s: %s', (pattern, path, excluded) => {
    expect(excluder([pattern])(path)).toBe(excluded);
  });
});
