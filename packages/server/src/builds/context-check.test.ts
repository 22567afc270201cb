import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { formatToken } from '@pipecat-cloud/contract/token-format';
import { describe, expect, test } from 'vitest';
import { contextOf, longPath, type TarEntry, tarOf } from '../testing/tar.js';
import { checkContext } from './context-check.js';

const limits = { sizeBytes: 100_000, entries: 20 };
const dockerfile: TarEntry = { path: 'Dockerfile', content: 'FROM scratch\n' };

/** In small pieces, as a file or a socket would give them. */
function streamOf(bytes: Buffer): Readable {
  return Readable.from(
    (function* () {
      for (let at = 0; at < bytes.length; at += 1000) yield bytes.subarray(at, at + 1000);
    })(),
  );
}

const check = (bytes: Buffer, path = 'Dockerfile', given = limits) => checkContext(streamOf(bytes), path, given);
const checkEntries = (entries: TarEntry[], given = limits) => check(gzipSync(tarOf(entries)), 'Dockerfile', given);

describe('accepts', () => {
  test.each<[string, TarEntry[]]>([
    ['plain files', [dockerfile, { path: 'bot.py', content: 'print("hi")\n' }, { path: 'sub/run.sh', content: '' }]],
    [
      'folders, and ./ in front of every path',
      [
        { path: './', type: '5' },
        { path: './sub/', type: '5' },
        { path: './sub/a', content: 'a' },
        { ...dockerfile, path: './Dockerfile' },
      ],
    ],
    [
      'a path in an extended header',
      [dockerfile, longPath(`${'long'.repeat(40)}/é.txt`), { path: 'long', content: 'x' }],
    ],
  ])('%s', async (_name, entries) => {
    await expect(checkEntries(entries)).resolves.toBeUndefined();
  });

  test('a file of exactly the limit, and not one byte more', async () => {
    const filled = (sizeBytes: number) => contextOf({ Dockerfile: 'x'.repeat(sizeBytes) });
    await expect(check(filled(limits.sizeBytes))).resolves.toBeUndefined();
    await expect(check(filled(limits.sizeBytes + 1))).rejects.toThrow("'Dockerfile' takes the files over 100000 bytes");
  });

  test('a context of several gzip members', async () => {
    const tar = tarOf([dockerfile, { path: 'a', content: 'a'.repeat(3000) }]);
    await expect(
      check(Buffer.concat([gzipSync(tar.subarray(0, 700)), gzipSync(tar.subarray(700))])),
    ).resolves.toBeUndefined();
  });
});

describe('refuses the entry and names the rule', () => {
  const deep = `${'d/'.repeat(64)}f`;
  test.each<[string, TarEntry[], string]>([
    ['..', [{ path: '../evil', content: 'x' }], "'../evil' has '..' in its path"],
    ['.. in the middle', [{ path: 'a/../../evil', content: 'x' }], "has '..' in its path"],
    ['.. as the last part', [{ path: 'a/..', type: '5' }], "has '..' in its path"],
    ['.. in an extended header', [longPath('a/../../evil'), { path: 'fine', content: 'x' }], "has '..' in its path"],
    ['an absolute path', [{ path: '/etc/passwd', content: 'x' }], "'/etc/passwd' has an absolute path"],
    ['a drive letter', [{ path: 'C:evil', content: 'x' }], 'has an absolute path'],
    ['backslashes', [{ path: '..\\evil', content: 'x' }], 'has a backslash'],
    ['a NUL in a path', [longPath('fine\0/../../evil'), { path: 'fine', content: 'x' }], 'read in two ways'],
    ['a path over two lines', [longPath('fine\n/../../evil'), { path: 'fine', content: 'x' }], 'read in two ways'],
    ['a symbolic link', [{ path: 'link', type: '2', link: '/etc' }], "'link' is a symbolic link"],
    ['a hard link', [dockerfile, { path: 'link', type: '1', link: 'Dockerfile' }], "'link' is a hard link"],
    ['a character device', [{ path: 'dev', type: '3' }], "'dev' is a device"],
    ['a block device', [{ path: 'dev', type: '4' }], "'dev' is a device"],
    ['a named pipe', [{ path: 'pipe', type: '6' }], "'pipe' is a named pipe"],
    ['a type that nobody knows', [{ path: 'odd', type: 'Q', content: 'x' }], "'odd' is of type"],
    ['a contiguous file', [{ path: 'odd', type: '7', content: 'x' }], "'odd' is of type"],
    ['a file that is there twice', [dockerfile, { path: './Dockerfile', content: 'x' }], 'is there twice'],
    [
      'a file below a file',
      [
        { path: 'a', content: 'x' },
        { path: 'a/b', content: 'x' },
      ],
      'an earlier entry is a file',
    ],
    [
      'a file in place of a folder',
      [
        { path: 'a/b', content: 'x' },
        { path: 'a', content: 'x' },
      ],
      'needs a folder',
    ],
    [
      'a path that is too long',
      [longPath(`${'x'.repeat(1030)}`), { path: 'x', content: 'x' }],
      'longer than 1024 bytes',
    ],
    ['a path that is too deep', [longPath(deep), { path: 'x', content: 'x' }], 'more than 64 folders deep'],
    ['too many entries', Array.from({ length: 21 }, (_, n) => ({ path: `f${n}` })), 'one more than the 20 files'],
    ['too many folders inside paths', [longPath(`${'d/'.repeat(30)}f`), { path: 'x' }], 'one more than the 20 files'],
    ['control characters, shown harmlessly', [{ path: 'a\u001b[31m\n/../b' }], "'a?[31m?/../b' has '..'"],
  ])('%s', async (_name, entries, message) => {
    const refusal = checkEntries([...entries, { path: 'bot.py', content: '' }]);
    await expect(refusal).rejects.toMatchObject({ status: 400, message: expect.stringContaining(message) });
  });
});

describe('refuses the archive', () => {
  const whole = tarOf([dockerfile, { path: 'big', content: 'x'.repeat(5000) }]);
  test.each<[string, Buffer, string]>([
    ['no gzip', Buffer.from('not an archive at all'), 'not gzip-compressed'],
    ['a plain tar', whole, 'not gzip-compressed'],
    ['a truncated gzip', gzipSync(whole).subarray(0, -12), 'gzip stream breaks off'],
    ['a damaged gzip', damaged(gzipSync(whole)), 'damaged'],
    ['a tar cut inside a file', gzipSync(whole.subarray(0, 3000)), 'no complete tar archive'],
    ['a tar cut inside a header', gzipSync(whole.subarray(0, 1200)), 'breaks off'],
    ['a tar cut between entries', gzipSync(tarOf([dockerfile], { end: false })), 'breaks off'],
    ['a size that is not there', gzipSync(tarOf([{ path: 'a', sizeBytes: 99_999 }])), 'no complete tar archive'],
    ['something else inside gzip', gzipSync(Buffer.alloc(2000, 'hello ')), 'no complete tar archive'],
    ['nothing inside gzip', gzipSync(Buffer.alloc(0)), 'tar archive'],
    ['an archive compressed twice', gzipSync(gzipSync(whole)), 'compressed twice'],
    [
      'an extended header over a megabyte',
      gzipSync(tarOf([{ path: 'p', type: 'x', content: 'x'.repeat(1_050_000) }])),
      'extended header',
    ],
  ])('%s', async (_name, bytes, message) => {
    const refusal = check(bytes, 'Dockerfile', { sizeBytes: 2_000_000, entries: 20 });
    await expect(refusal).rejects.toMatchObject({ status: 400, message: expect.stringContaining(message) });
  });

  test('a file with a size that no context has, before its bytes come', async () => {
    await expect(checkEntries([{ path: 'huge', sizeBytes: 8_000_000_000, content: 'x' }])).rejects.toThrow(
      'takes the files over',
    );
  });

  test('a decompression bomb behind the end of the tar, without reading it all', async () => {
    const zeros = gzipSync(Buffer.alloc(10_000_000));
    const bomb = Buffer.concat([gzipSync(tarOf([dockerfile])), ...Array.from({ length: 100 }, () => zeros)]);
    let given = 0;
    const source = Readable.from(
      (function* () {
        for (let at = 0; at < bomb.length; at += 500) {
          given = at;
          yield bomb.subarray(at, at + 500);
        }
      })(),
    );
    await expect(checkContext(source, 'Dockerfile', limits)).rejects.toThrow('unpacks to more than 100000 bytes');
    expect(given).toBeLessThan(bomb.length / 2);
  });
});

describe('what runs the agent', () => {
  test.each(['Dockerfile', 'bot.py', 'pcc-deploy.toml'])('%s is enough', async (name) => {
    await expect(check(contextOf({ [name]: 'x' }))).resolves.toBeUndefined();
  });

  test('the Dockerfile may lie elsewhere when the request says so', async () => {
    const context = contextOf({ 'docker/Prod.Dockerfile': 'x' });
    await expect(check(context, './docker/Prod.Dockerfile')).resolves.toBeUndefined();
    await expect(check(context)).rejects.toThrow("has no 'Dockerfile'");
    await expect(check(contextOf({ 'sub/bot.py': 'x' }))).rejects.toThrow('add one of them');
  });
});

function damaged(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  copy.fill(0xff, 20, 40);
  return copy;
}

describe('credentials', () => {
  const value = formatToken('private', '0123456789abcdef0123456789abcdef01234567');

  test('are found in every file, with path and place, however the stream is cut', async () => {
    const found: { path: string; line: number; column: number; value: string }[] = [];
    const filler = 'x'.repeat(990);
    const bytes = gzipSync(
      tarOf([
        dockerfile,
        { path: './src/', type: '5' },
        { path: './src/.env', content: `A=1\nKEY=${value}\n` },
        { path: 'big', content: `${filler}\n${filler}${value}${filler}` },
        { path: 'empty', content: '' },
        longPath(`${'long'.repeat(40)}.txt`),
        { path: 'long', content: value },
      ]),
    );
    await checkContext(streamOf(bytes), 'Dockerfile', limits, (path, { line, column }, one) =>
      found.push({ path, line, column, value: one }),
    );
    expect(found).toEqual([
      { path: './src/.env', line: 2, column: 5, value },
      { path: 'big', line: 2, column: 991, value },
      { path: `${'long'.repeat(40)}.txt`, line: 1, column: 1, value },
    ]);
  });
});
