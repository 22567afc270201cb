import { createHash } from 'node:crypto';
import { truncate } from 'node:fs/promises';
import { gunzipSync } from 'node:zlib';
import { formatToken } from '@pipecat-cloud/contract/token-format';
import { Parser } from 'tar';
import { beforeEach, describe, expect, test } from 'vitest';
import { useCli } from './testing/cli.js';
import { deployRoutes, missing, org, sequence, wrapped } from './testing/deploy-routes.js';
import { type SeenRequest, token, useServer } from './testing/server.js';
import { build } from './testing/service.js';

const cli = useCli();
const server = useServer();
let env: Record<string, string>;
let folder: string;

const seen = (call: string): SeenRequest | undefined =>
  server.requests.find(({ method, url }) => `${method} ${url.split('?')[0]}` === call);

beforeEach((context) => {
  env = { PIPECAT_API_HOST: server.host, PIPECAT_TOKEN: token, PIPECAT_ORG: 'acme' };
  folder = `work-${context.task.id}`;
  server.routes = deployRoutes(server.host);
});

async function agentFolder(files: Record<string, string>): Promise<string> {
  const paths = await Promise.all(Object.entries(files).map(([name, text]) => cli.file(`${folder}/${name}`, text)));
  return paths[0]?.slice(0, paths[0].indexOf(folder) + folder.length) ?? '';
}

/** The parts of a multipart body, in their order. */
function parts({ body, headers }: SeenRequest): { head: string; content: Buffer }[] {
  const boundary = `--${/boundary=(.+)$/.exec(headers['content-type'] ?? '')?.[1]}`;
  const pieces = body.toString('latin1').split(boundary).slice(1, -1);
  return pieces.map((piece) => {
    const at = piece.indexOf('\r\n\r\n');
    return { head: piece.slice(2, at), content: Buffer.from(piece.slice(at + 4, -2), 'latin1') };
  });
}

async function membersOf(archive: Buffer): Promise<string[]> {
  const found: string[] = [];
  const parser = new Parser({
    strict: true,
    onReadEntry: (entry) => {
      found.push(entry.path);
      entry.resume();
    },
  });
  await new Promise((resolve, reject) => parser.on('end', resolve).on('error', reject).end(gunzipSync(archive)));
  return found;
}

async function uploadedMembers(): Promise<string[]> {
  const upload = seen('POST /upload');
  return upload ? membersOf(parts(upload).at(-1)?.content ?? Buffer.alloc(0)) : [];
}

describe('from a directory', () => {
  test('packs, uploads, builds, creates and waits, in that order, with the log as it comes', async () => {
    const cwd = await agentFolder({ 'bot.py': 'print("hi")\n', '.env': 'KEY=secret-value', 'sub/a.txt': 'a' });
    server.routes[`GET ${org}/services/bot`] = sequence(
      ...[
        missing,
        wrapped({ reconciledDeploymentId: null, ready: false, available: false, activeDeploymentReady: false }),
      ],
      wrapped(),
    );
    const outcome = await cli.run(['deploy', 'bot', '--yes'], { env, cwd });
    expect(outcome).toMatchObject({ code: 0, stdout: 'Ready: bot is created.\n' });
    expect(server.calls()).toEqual([
      ...[`GET ${org}/services/bot`, `GET ${org}/properties`, `GET ${org}/builds`, `POST ${org}/builds/upload-url`],
      ...['POST /upload', `POST ${org}/builds`],
      ...[
        `GET ${org}/builds/bld_1`,
        `GET ${org}/builds/bld_1/logs`,
        `GET ${org}/builds/bld_1`,
        `GET ${org}/builds/bld_1/logs`,
      ],
      ...[`POST ${org}/services`, `GET ${org}/services/bot`, `GET ${org}/services/bot`],
    ]);
    expect(outcome.stderr).toMatch(
      /Packing 2 files.*Uploading.*Building bld_1\n {2}step one\n {2}step two\n {2}done\n.*Built/s,
    );
    expect(seen(`POST ${org}/builds`)?.json()).toEqual({
      uploadId: 'upl_1',
      region: 'local',
      dockerfilePath: 'Dockerfile',
    });
    expect(seen(`POST ${org}/services`)?.json()).toEqual({
      serviceName: 'bot',
      autoScaling: { minAgents: 0 },
      region: 'local',
      buildId: 'bld_1',
    });
    expect(await uploadedMembers()).toEqual(['bot.py', 'sub/a.txt']);
  });

  test('uploads the fields in their order, the file last, without a credential', async () => {
    const cwd = await agentFolder({ 'bot.py': 'print("hi")\n' });
    await cli.run(['deploy', 'bot', '--yes'], { env, cwd });
    const upload = seen('POST /upload') as SeenRequest;
    expect(upload.headers.authorization).toBeUndefined();
    expect(Number(upload.headers['content-length'])).toBe(upload.body.length);
    const found = parts(upload);
    expect(found.map(({ head }) => /name="([^"]+)"/.exec(head)?.[1])).toEqual([
      'key',
      'zeta',
      'alpha',
      'Content-Type',
      'file',
    ]);
    expect(found.map(({ content }) => content.toString()).slice(0, 4)).toEqual([
      ...['acme/upl_1.tar.gz', 'last "quoted"', 'umlaut ü', 'application/gzip'],
    ]);
    const file = found[4];
    expect(file?.head).toContain('filename="context.tar.gz"');
    expect(file?.head).toContain('Content-Type: application/gzip');
    const hash = createHash('md5')
      .update(file?.content ?? '')
      .digest('hex')
      .slice(0, 16);
    expect(new URL(seen(`GET ${org}/builds`)?.url ?? '', 'http://x').searchParams.get('contextHash')).toBe(hash);
  });

  test('uses a successful build of the same files without uploading', async () => {
    const cwd = await agentFolder({ Dockerfile: 'FROM scratch\n' });
    server.routes[`GET ${org}/builds`] = ({ url }) => {
      const contextHash = new URL(url, 'http://x').searchParams.get('contextHash') ?? '';
      return { json: { builds: [build({ id: 'bld_old', contextHash })], total: 1, limit: 1, offset: 0 } };
    };
    const outcome = await cli.run(['deploy', 'bot', '--yes', '--json'], { env, cwd });
    expect(JSON.parse(outcome.stdout)).toMatchObject({
      action: 'created',
      ready: true,
      build: { id: 'bld_old', cached: true },
    });
    expect(server.calls()).not.toContain('POST /upload');
    expect(seen(`POST ${org}/services`)?.json()).toMatchObject({ buildId: 'bld_old' });
  });

  test('a deploy file with [local] goes along, whatever excludes it; one without does not', async () => {
    const local = 'agent_name = "bot"\n[local]\ncommand = ["node", "bot.js"]\nsetup = "npm ci"\n';
    const cwd = await agentFolder({ 'pcc-deploy.toml': local, 'bot.js': '', '.dockerignore': 'pcc-deploy.toml\n' });
    expect((await cli.run(['deploy', '--yes'], { env, cwd })).code).toBe(0);
    expect(await uploadedMembers()).toEqual(['.dockerignore', 'bot.js', 'pcc-deploy.toml']);

    server.requests = [];
    server.routes[`GET ${org}/services/bot`] = wrapped();
    await cli.file(`${folder}/pcc-deploy.toml`, 'agent_name = "bot"\n');
    await cli.file(`${folder}/bot.py`, '');
    expect((await cli.run(['deploy', '--yes'], { env, cwd })).code).toBe(0);
    expect(await uploadedMembers()).toEqual(['.dockerignore', 'bot.js', 'bot.py']);
  });

  test('a deploy file of another directory keeps its [local], and its settings are said not to count', async () => {
    const cwd = await agentFolder({ 'app/pcc-deploy.toml': '[local]\ncommand = "node bot.js"\n', 'app/bot.js': '' });
    const outcome = await cli.run(['deploy', 'bot', '--build-dir', 'app', '--yes'], { env, cwd });
    expect(outcome.code).toBe(0);
    expect(outcome.stderr).toContain('--config-file app/pcc-deploy.toml');
    expect(await uploadedMembers()).toEqual(['bot.js', 'pcc-deploy.toml']);
  });

  test('with nothing to build: exit 1 before anything is sent', async () => {
    const cwd = await agentFolder({ 'readme.md': '' });
    const outcome = await cli.run(['deploy', 'bot', '--yes'], { env, cwd });
    expect(outcome.code).toBe(1);
    expect(outcome.stderr).toContain('There is nothing to build');
    expect(server.requests).toEqual([]);
    await cli.file(`${folder}/bot.py`, '');
    expect((await cli.run(['deploy', 'bot', '--yes', '--dockerfile', 'Other'], { env, cwd })).code).toBe(1);
  });

  test('with more than 500 MiB: refused before packing', async () => {
    const cwd = await agentFolder({ 'bot.py': '' });
    await truncate(await cli.file(`${folder}/model.bin`, ''), 524_288_001);
    const outcome = await cli.run(['deploy', 'bot', '--yes'], { env, cwd });
    expect(outcome.code).toBe(1);
    expect(outcome.stderr).toMatch(/too much: 500\.0 MiB.*model\.bin/s);
    expect(server.requests).toEqual([]);
  });

  test('warns of files with secrets that a .dockerignore lets through', async () => {
    const cwd = await agentFolder({ 'bot.py': '', '.dockerignore': '*.md\n', '.env': 'KEY=secret-value' });
    const outcome = await cli.run(['deploy', 'bot', '--yes'], { env, cwd });
    expect(outcome.stderr).toContain('.env will be uploaded');
    expect(outcome.stderr).not.toContain('secret-value');
  });

  test('a failed build: exit 1 with the message; with --json its last lines too', async () => {
    server.routes[`GET ${org}/builds/bld_1`] = {
      json: { build: build({ status: 'failed', errorMessage: 'pip exploded' }) },
    };
    const cwd = await agentFolder({ 'bot.py': '' });
    const text = await cli.run(['deploy', 'bot', '--yes'], { env, cwd });
    expect(text).toMatchObject({ code: 1, stdout: '' });
    expect(text.stderr).toMatch(/step two\n.*Error: Build bld_1 failed: pip exploded\.\nNothing was deployed/s);
    expect(server.calls()).not.toContain(`POST ${org}/services`);
    const json = await cli.run(['deploy', 'bot', '--yes', '--json'], { env, cwd });
    expect(JSON.parse(json.stdout)).toMatchObject({ code: 'BUILD_FAILED', error: expect.stringContaining('step two') });
  });

  test('a build that takes too long: exit 10', async () => {
    server.routes[`GET ${org}/builds/bld_1`] = { json: { build: build({ status: 'building' }) } };
    const cwd = await agentFolder({ 'bot.py': '' });
    const outcome = await cli.run(['deploy', 'bot', '--yes', '--build-timeout', '1'], { env, cwd });
    expect(outcome.code).toBe(10);
    expect(outcome.stderr).toContain('--build-id bld_1');
  });

  test.each([
    [{ status: 413, json: { error: 'Too large', code: '413' } }, 1, 'Too large'],
    [
      { status: 403, type: 'application/xml', text: '<Error><Message>Policy expired</Message></Error>' },
      6,
      'Policy expired',
    ],
  ])('a refused upload: %o', async (answer, code, text) => {
    server.routes['POST /upload'] = answer;
    const cwd = await agentFolder({ 'bot.py': '' });
    const outcome = await cli.run(['deploy', 'bot', '--yes'], { env, cwd });
    expect(outcome.code).toBe(code);
    expect(outcome.stderr).toContain(text);
    expect(server.calls()).not.toContain(`POST ${org}/builds`);
  });
});

describe('a credential in the files', () => {
  const key = formatToken('private', '0123456789abcdef0123456789abcdef01234567');

  test('keeps them from being packed, says where without its value, and asks the server nothing', async () => {
    const cwd = await agentFolder({ 'bot.py': `KEY = "${key}"\n`, 'page.html': formatToken('public', 'a'.repeat(40)) });
    const outcome = await cli.run(['deploy', 'bot', '--yes', '--json'], { env, cwd });
    expect(outcome.code).toBe(1);
    expect(JSON.parse(outcome.stdout)).toMatchObject({
      code: 'CREDENTIALS_IN_CONTEXT',
      error: expect.stringContaining('bot.py:1:8  sk_…4567'),
      hint: expect.stringContaining('--allow-credentials-in-context'),
      found: [{ file: 'bot.py', line: 1, column: 8, kind: 'private' }],
    });
    expect(outcome.stdout + outcome.stderr).not.toContain(key.slice(3, 40));
    expect(server.calls()).toEqual([]);
  });

  test('is let through where it is asked for, and where the file is excluded', async () => {
    const cwd = await agentFolder({ 'bot.py': `KEY = "${key}"\n` });
    expect((await cli.run(['deploy', 'bot', '--yes', '--allow-credentials-in-context'], { env, cwd })).code).toBe(0);
    await cli.file(`${folder}/.dockerignore`, 'secret.txt\n');
    await cli.file(`${folder}/secret.txt`, key);
    await cli.file(`${folder}/bot.py`, '');
    server.routes = deployRoutes(server.host);
    expect((await cli.run(['deploy', 'bot', '--yes'], { env, cwd })).code).toBe(0);
  });
});
