import { createHash } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import type { Service } from '@pipecat-cloud/contract/agents';
import { Parser } from 'tar';
import { beforeEach, describe, expect, test } from 'vitest';
import { useCli } from './testing/cli.js';
import { type Answer, type SeenRequest, token, useServer } from './testing/server.js';
import { build, service } from './testing/service.js';

const cli = useCli();
const server = useServer();
const org = '/v1/organizations/acme';
let env: Record<string, string>;
let folder: string;

/** Each answer once, the last for good. */
function sequence(...answers: Answer[]): () => Answer {
  let at = 0;
  return () => answers[Math.min(at++, answers.length - 1)] ?? { status: 500, json: {} };
}

const missing: Answer = { status: 404, json: { error: 'No such agent', code: '404' } };
const wrapped = (changes: Partial<Service> = {}): Answer => ({ json: { body: service(changes) } });
const seen = (call: string): SeenRequest | undefined =>
  server.requests.find(({ method, url }) => `${method} ${url.split('?')[0]}` === call);

beforeEach(async (context) => {
  env = { PIPECAT_API_HOST: server.host, PIPECAT_TOKEN: token, PIPECAT_ORG: 'acme' };
  folder = `work-${context.task.id}`;
  server.routes = {
    [`GET ${org}/properties`]: { json: { properties: { defaultRegion: 'local' } } },
    [`GET ${org}/regions`]: { json: { regions: [{ code: 'local', display_name: 'Here' }] } },
    [`GET ${org}/services/bot`]: sequence(missing, wrapped()),
    [`POST ${org}/services`]: { json: service({ ready: false }) },
    [`PUT ${org}/services`]: { json: service({ ready: false }) },
    [`GET ${org}/builds`]: { json: { builds: [], total: 0, limit: 1, offset: 0 } },
    [`POST ${org}/builds/upload-url`]: {
      json: {
        uploadId: 'upl_1',
        uploadUrl: `${server.host}/upload`,
        uploadFields: { key: 'acme/upl_1.tar.gz', zeta: 'last "quoted"', alpha: 'umlaut ü' },
        expiresAt: '2026-04-20T10:15:00.000Z',
      },
    },
    'POST /upload': { status: 204, text: '' },
    [`POST ${org}/builds`]: { json: { build: build({ status: 'pending' }), contextHash: 'x', cached: false } },
    [`GET ${org}/builds/bld_1`]: sequence(
      { json: { build: build({ status: 'building' }) } },
      { json: { build: build() } },
    ),
    [`GET ${org}/builds/bld_1/logs`]: ({ url }) => {
      const offset = Number(new URL(url, 'http://x').searchParams.get('offset'));
      return { json: { logs: ['step one', 'step two', 'done'].slice(offset, offset === 0 ? 2 : 3) } };
    },
  };
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
    const { truncate } = await import('node:fs/promises');
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

describe('from an image', () => {
  test('sends what flags say before what the deploy file says', async () => {
    const toml = `agent_name = "bot"\nimage = "team/bot:1"\nimage_credentials = "reg"\nagent_profile = "agent-2x"\nwebsocket_auth = "none"
max_session_duration = 600\n[scaling]\nmin_agents = 1\nmax_agents = 5\n[krisp_viva]\naudio_filter = "tel"\n`;
    const cwd = await agentFolder({ 'pcc-deploy.toml': toml });
    server.routes[`GET ${org}/services/bot`] = wrapped();
    const pull = { status: 400, json: { error: 'An image pull secret', code: '400' } };
    server.routes[`GET ${org}/secrets/reg`] = pull;
    server.routes[`GET ${org}/secrets/env-set`] = { json: { secrets: [], region: 'local', status: 'ready' } };
    const args = ['deploy', '-max', '7', '--secrets', 'env-set', '--max-session-duration', '900', '--force'];
    expect((await cli.run(args, { env, cwd })).code).toBe(0);
    expect(seen(`PUT ${org}/services`)?.json()).toEqual({
      serviceName: 'bot',
      image: 'team/bot:1',
      region: 'local',
      imagePullSecretSet: 'reg',
      secretSet: 'env-set',
      autoScaling: { minAgents: 1, maxAgents: 7 },
      agentProfile: 'agent-2x',
      krispViva: { audioFilter: 'tel' },
      websocketAuth: 'none',
      maxSessionDuration: 900,
      forceRedeploy: true,
    });
  });

  test('a missing secret set: exit 8, with the command that makes it', async () => {
    const outcome = await cli.run(['deploy', 'bot', 'img:1', '--yes', '--secrets', 'nope'], { env });
    expect(outcome.code).toBe(8);
    expect(outcome.stderr).toContain('pipecat cloud secrets set nope');
    expect(server.calls()).not.toContain(`POST ${org}/services`);
  });

  test('an unknown region: exit 2, with the known ones', async () => {
    const outcome = await cli.run(['deploy', 'bot', 'img:1', '--yes', '--region', 'mars'], { env });
    expect(outcome.code).toBe(2);
    expect(outcome.stderr).toContain('Use one of: local');
  });

  test('a private image without credentials: exit 2, with both ways out', async () => {
    const outcome = await cli.run(['deploy', 'bot', 'img:1'], { env });
    expect(outcome.code).toBe(2);
    expect(outcome.stderr).toMatch(/--credentials.*--no-credentials/);
  });

  test('--no-wait returns once accepted; a warning is shown', async () => {
    server.routes[`POST ${org}/services`] = { json: service({ ready: false, warning: 'Nothing changed' }) };
    const outcome = await cli.run(['deploy', 'bot', 'img:1', '-nc', '--yes', '--no-wait'], { env });
    expect(outcome).toMatchObject({ code: 0, stdout: expect.stringContaining('Accepted') });
    expect(outcome.stderr).toContain('Warning: Nothing changed');
    expect(server.calls().filter((call) => call === `GET ${org}/services/bot`)).toHaveLength(1);
  });

  test('an error of the deployment: exit 1 at once, with code and message', async () => {
    const errors = [{ code: 'PCC_IMAGE_NOT_FOUND', message: 'No such image' }];
    server.routes[`GET ${org}/services/bot`] = sequence(missing, wrapped({ errors, ready: false, available: false }));
    const outcome = await cli.run(['deploy', 'bot', 'img:1', '--yes', '--json'], { env });
    expect(outcome.code).toBe(1);
    expect(JSON.parse(outcome.stdout)).toMatchObject({
      code: 'PCC_IMAGE_NOT_FOUND',
      error: expect.stringContaining('No such image'),
    });
  });

  test('not ready in time: exit 10, with how it stands', async () => {
    const starting = { ready: false, available: false, activeDeploymentReady: false };
    server.routes[`GET ${org}/services/bot`] = sequence(missing, wrapped(starting));
    const outcome = await cli.run(['deploy', 'bot', 'img:1', '--yes', '--wait-timeout', '1'], { env });
    expect(outcome.code).toBe(10);
    expect(outcome.stderr).toContain('not available yet');
  });

  test('a server that restarts meanwhile costs polls, not the deploy', async () => {
    const down = { status: 503, json: { error: 'Restarting', code: '503' } };
    server.routes[`GET ${org}/services/bot`] = sequence(missing, down, down, wrapped());
    expect((await cli.run(['deploy', 'bot', 'img:1', '--yes'], { env })).code).toBe(0);
  });

  test('409 is exit 9', async () => {
    server.routes[`POST ${org}/services`] = { status: 409, json: { error: 'Set not ready', code: 'CONFLICT' } };
    expect((await cli.run(['deploy', 'bot', 'img:1', '--yes'], { env })).code).toBe(9);
  });
});

describe('a deploy file that is wrong: exit 1, with file and key', () => {
  test.each([
    ['agent_nam = "bot"', "unknown key 'agent_nam'"],
    ['[scaling]\nmin = 1', "unknown key 'scaling.min'"],
    ['[local]\ncmd = "x"', "unknown key 'local.cmd'"],
    ['[scaling]\nmin_agents = "1"', "'scaling.min_agents' must be a whole number"],
    ['max_session_duration = 5', "'max_session_duration' must be a whole number from 60 to 14400"],
    ['image = "untagged"', "'image' must name a tag"],
    ['image = "a:1"\nbuild_id = "b"', "'image' and 'build_id' exclude each other"],
    ['websocket_auth = "maybe"', "'websocket_auth' must be one of none, token"],
    ['[build.exclude]\npatterns = "x"', "'build.exclude.patterns' must be an array"],
    ['agent_name = ', 'is not valid TOML, line 1'],
  ])('%j', async (toml, message) => {
    const cwd = await agentFolder({ 'pcc-deploy.toml': toml, 'bot.py': '' });
    const outcome = await cli.run(['deploy', 'bot', '--yes'], { env, cwd });
    expect(outcome.code).toBe(1);
    expect(outcome.stderr).toContain('pcc-deploy.toml');
    expect(outcome.stderr).toContain(message);
    expect(server.requests).toEqual([]);
  });

  test('one that was named and is not there', async () => {
    const outcome = await cli.run(['deploy', 'bot', '--yes', '--config-file', 'gone.toml'], { env });
    expect(outcome.code).toBe(1);
    expect(outcome.stderr).toContain("gone.toml can't be read: it does not exist");
  });
});
