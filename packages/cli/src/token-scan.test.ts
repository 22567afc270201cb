import { execFile } from 'node:child_process';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { formatToken } from '@pipecat-cloud/contract/token-format';
import { describe, expect, test } from 'vitest';
import { useCli } from './testing/cli.js';
import { useServer } from './testing/server.js';

const cli = useCli();
const server = useServer();

const digits = (n: number) => n.toString(16).padStart(40, '0');
const personal = formatToken('personal', digits(0xaaaa));
const secretKey = formatToken('private', digits(0xbbbb));
const publicKey = formatToken('public', digits(0xcccc));
const values = [personal, secretKey, publicKey];

/** The whole value, or enough of it to guess the rest, is in no output. */
function expectSilent(...outputs: string[]): void {
  for (const value of values) expect(outputs.join('')).not.toContain(value.slice(0, -10));
}
const scan = async (args: readonly string[], options: Parameters<typeof cli.run>[1] = {}) => {
  const result = await cli.run(['token', 'scan', ...args], options);
  expectSilent(result.stdout, result.stderr);
  return result;
};

describe('token scan', () => {
  test('names file, line and column, masked, and exits 1', async () => {
    await cli.file('found/src/.env', `A=1\n  TOKEN=${personal}\n`);
    await cli.file('found/bot.py', `key = "${secretKey}"\nx = 1\n`);
    await cli.file('found/index.html', `<script>start("${publicKey}")</script>\n`);
    const result = await scan([join(cli.folder, 'found')]);
    expect(result.stdout).toBe(
      [
        'bot.py:1:8  sk_…bbbb  private API key',
        'index.html:1:16  pk_…cccc  public API key (not secret)',
        'src/.env:2:9  pcc_pat_…aaaa  personal access token',
        '',
      ].join('\n'),
    );
    expect(result.code).toBe(1);
    expect(result.stderr).toContain('Found 2 credentials in 3 files');
    expect(server.requests).toEqual([]);
  });

  test('prints one document with --json', async () => {
    await cli.file('json/a', `\n${secretKey}`);
    const result = await scan([join(cli.folder, 'json'), '--json']);
    expect(result.code).toBe(1);
    expect(JSON.parse(result.stdout)).toMatchObject({
      code: 'CREDENTIALS_FOUND',
      credentials: 1,
      found: [{ file: 'a', line: 2, column: 1, kind: 'private', checksum: 'right', masked: 'sk_…bbbb' }],
      scanned: { files: 1, unreadable: 0, cut: 0 },
    });
  });

  test.each([
    ['a public key', publicKey, 'not secret'],
    ['a wrong checksum', `pcc_pat_${digits(1)}00000000`, 'wrong checksum'],
    ['an imported token', `pcc_pat_${'0123456789abcdef'.repeat(2)}`, 'no checksum'],
    ["another vendor's key", `sk_live_${'a1b2c3d4'.repeat(6)}`, 'No credentials found'],
    ['hex alone', digits(2).repeat(3), 'No credentials found'],
  ])('%s is no failure', async (name, content, said) => {
    const path = await cli.file(`clean/${name}`, content);
    const result = await scan([path]);
    expect(result.code).toBe(0);
    expect(result.stdout).toContain(said);
  });

  test('reads standard input, UTF-16, programs, and .git but for its objects; passes over media and links', async () => {
    expect((await scan(['--stdin'], { input: `x\n${personal}` })).stdout).toContain('stdin:2:1  pcc_pat_…aaaa');
    const folder = join(cli.folder, 'kinds');
    await mkdir(join(folder, '.git/objects/aa'), { recursive: true });
    await writeFile(join(folder, 'powershell.txt'), Buffer.from(`\uFEFFTOKEN=${personal}\r\n`, 'utf16le'));
    await writeFile(
      join(folder, 'bot.pyc'),
      Buffer.concat([Buffer.from([0, 1, 255]), Buffer.from(secretKey), Buffer.alloc(9)]),
    );
    await writeFile(join(folder, '.git/config'), `url = https://x:${personal}@forge.example/\n`);
    await writeFile(join(folder, '.git/objects/aa/bb'), personal);
    await writeFile(join(folder, 'photo.PNG'), personal);
    const { stdout } = await scan([folder, '--json']);
    const { found, scanned } = JSON.parse(stdout) as { found: { file: string }[]; scanned: object };
    expect(found.map(({ file }) => file)).toEqual(['.git/config', 'bot.pyc', 'powershell.txt']);
    expect(scanned).toMatchObject({ files: 3, skipped: 1 });
  });

  test('a token in the name of a file is not printed with it', async () => {
    const path = await cli.file(`named/${personal}.txt`, secretKey);
    expect((await scan([path])).stdout).toContain('pcc_pat_[redacted]');
  });

  test('a path that is not there is an error; what cannot be read is told', async () => {
    expect((await scan([join(cli.folder, 'nowhere')])).stderr).toContain('it does not exist');
    if (process.getuid?.() === 0) return;
    const path = await cli.file('locked/a', 'x');
    await chmod(path, 0);
    expect((await scan([join(cli.folder, 'locked')])).stderr).toContain('1 path could not be read');
  });

  test('wrong usage', async () => {
    expect((await scan(['--stdin', 'x'])).code).toBe(2);
    expect((await scan(['--stdin', '--git'])).code).toBe(2);
  });
});

describe('the history', () => {
  const git = async (folder: string, ...args: string[]) =>
    await promisify(execFile)('git', ['-C', folder, '-c', 'user.name=t', '-c', 'user.email=t@x.example', ...args]);

  async function repository(name: string): Promise<string> {
    const folder = join(cli.folder, name);
    await mkdir(folder);
    await git(folder, 'init', '--quiet', '--initial-branch=main');
    return folder;
  }
  async function commit(folder: string, files: Record<string, string>, message: string): Promise<void> {
    for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
    await git(folder, 'add', '--all');
    await git(folder, 'commit', '--quiet', '--allow-empty', '--message', message);
  }

  test('has what was taken out again, on every branch, and in messages', async () => {
    const folder = await repository('history');
    await commit(folder, { '.env': `A=1\nTOKEN=${personal}\n`, größe: 'x\n' }, 'first');
    await commit(folder, { '.env': 'A=1\n' }, `taken out\n\n+++ b/fake\n it was ${secretKey}`);
    await git(folder, 'checkout', '--quiet', '-b', 'side', 'HEAD~1');
    await commit(folder, { größe: `x\n++ ${publicKey}\n` }, 'side');
    await git(folder, 'checkout', '--quiet', 'main');
    expect((await scan([folder])).code).toBe(0);

    const { stdout, code } = await scan([folder, '--git']);
    expect(code).toBe(1);
    expect(
      stdout
        .replace(/^[0-9a-f]{12}:/gm, '')
        .split('\n')
        .sort(),
    ).toEqual([
      '',
      '.env:2:7  pcc_pat_…aaaa  personal access token',
      'größe:2:4  pk_…cccc  public API key (not secret)',
      'message:4:9  sk_…bbbb  private API key',
    ]);
  });

  test('has what a merge brought in by hand', async () => {
    const folder = await repository('merge');
    await commit(folder, { a: 'one\n' }, 'base');
    await git(folder, 'checkout', '--quiet', '-b', 'side');
    await commit(folder, { a: 'side\n' }, 'side');
    await git(folder, 'checkout', '--quiet', 'main');
    await commit(folder, { a: 'main\n' }, 'main');
    await git(folder, 'merge', '--quiet', 'side').catch(() => undefined);
    await commit(folder, { a: `both ${secretKey}\n` }, 'merged');
    await commit(folder, { a: 'clean\n' }, 'clean');
    expect((await scan([folder, '--git'])).stdout).toContain(':a:1:6  sk_…bbbb');
  });

  test('runs nothing that the repository names', async () => {
    const folder = await repository('hostile');
    const marker = join(cli.folder, 'ran');
    const program = await cli.file('program', `#!/bin/sh\ntouch ${marker}\n`, 0o700);
    await commit(folder, { a: 'x\n', '.gitattributes': '* diff=evil\n' }, 'one');
    for (const key of [
      'diff.external',
      'diff.evil.textconv',
      'diff.evil.command',
      'core.pager',
      'gpg.program',
      'core.fsmonitor',
    ]) {
      await git(folder, 'config', key, program);
    }
    await git(folder, 'config', 'log.showSignature', 'true');
    expect((await scan([folder, '--git'])).code).toBe(0);
    await expect(promisify(execFile)('ls', [marker])).rejects.toThrow();
  });

  test('a folder without one is said', async () => {
    await cli.file('plain/a', 'x');
    const result = await scan([join(cli.folder, 'plain'), '--git'], { env: { GIT_CEILING_DIRECTORIES: cli.folder } });
    expect({ code: result.code, stderr: result.stderr }).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('not a git repository'),
    });
  });
});

describe('reporting', () => {
  const answer = (...statuses: string[]) => ({ json: { results: statuses.map((status) => ({ status })) } });

  test('what a scan found, after --yes, without a sign-in; public keys stay out', async () => {
    server.routes['POST /v1/credentials/revoke'] = answer('revoked', 'unknown');
    await cli.file('report/a', `${personal} ${publicKey} ${personal}\n${secretKey}`);
    const env = { PIPECAT_API_HOST: server.host };
    const asked = await scan([join(cli.folder, 'report'), '--report'], { env });
    expect(asked).toMatchObject({ code: 2, stderr: expect.stringContaining('--yes') });
    expect(server.requests).toEqual([]);
    const result = await scan([join(cli.folder, 'report'), '--report', '--yes'], { env });
    expect(result.code).toBe(1);
    expect(result.stdout).toContain('pcc_pat_…aaaa  revoked\nsk_…bbbb  unknown to this server\n');
    expect(server.requests[0]?.json()).toEqual({ credentials: [personal, secretKey] });
    expect(server.requests[0]?.headers).not.toHaveProperty('authorization');
  });

  const report = async (args: readonly string[], input = '') => {
    const result = await cli.run(['token', 'report', ...args], { env: { PIPECAT_API_HOST: server.host }, input });
    expectSilent(result.stdout, result.stderr);
    return result;
  };

  test('credentials that one holds, from standard input or a file', async () => {
    server.routes['POST /v1/credentials/revoke'] = answer('revoked', 'already_ended');
    const given = await report(['--stdin', '--yes', '--url', 'https://forge.example'], `${personal}\n${secretKey}\n`);
    expect(given).toMatchObject({ code: 0, stdout: 'pcc_pat_…aaaa  revoked\nsk_…bbbb  was over already\n' });
    expect(server.requests[0]?.json()).toEqual({ credentials: [personal, secretKey], url: 'https://forge.example' });
    server.routes['POST /v1/credentials/revoke'] = answer('revoked');
    const file = await cli.file('token', `${personal}\n`);
    expect((await report(['--token-file', file, '--yes', '--json'])).stdout).toContain('"status": "revoked"');
  });

  test('one that could not be ended is a failure', async () => {
    server.routes['POST /v1/credentials/revoke'] = answer('unknown');
    expect(await report(['--stdin', '--yes'], personal)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('PIPECAT_API_HOST'),
    });
  });

  test('nothing else than our own kinds is sent, and nothing without a confirmation', async () => {
    expect((await report(['--stdin', '--yes'], `${personal}\nhunter2`)).stderr).toContain('nothing was sent');
    expect((await report(['--stdin'], personal)).code).toBe(2);
    expect((await report(['--stdin', '--yes'], ' ')).code).toBe(2);
    expect((await report(['--stdin', '--token-file', 'x', '--yes'], personal)).code).toBe(2);
    expect(server.requests).toEqual([]);
  });
});
